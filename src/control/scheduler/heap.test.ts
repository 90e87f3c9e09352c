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
