import fc from "fast-check";
import { expect, it } from "vitest";
import { Heap } from "./heap.ts";

it("hands items out in order, whatever order they came in", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), items => {
      const heap = new Heap<number>((a, b) => a < b);
      for (const item of items) heap.push(item);
      expect(heap.size).toBe(items.length);
      const popped = items.map(() => heap.pop());
      expect(popped).toEqual([...items].sort((a, b) => a - b));
      expect(heap.pop()).toBeUndefined();
    }),
  );
});

it("lets the least item grow", () => {
  const heap = new Heap<{ value: number }>((a, b) => a.value < b.value);
  for (const value of [5, 1, 4, 2]) heap.push({ value });
  const seen: number[] = [];
  for (let turn = 0; turn < 6; turn++) {
    const { top } = heap;
    seen.push(top!.value);
    top!.value += 3;
    heap.settleTop();
  }
  expect([seen, heap.size]).toEqual([[1, 2, 4, 4, 5, 5], 4]);
});
