import { expect, it } from "vitest";
import { PrefixSet } from "./prefix-set.ts";

it("finds by prefix what is in it, whatever came and went before or since anybody asked", () => {
  const set = new PrefixSet();
  const expected = new Set<string>();
  const all = Array.from({ length: 40 }, (_, at) => ((at * 7) % 40).toString(3));
  const steps: ((text: string) => void)[] = [
    text => {
      if (!expected.has(text)) set.add(text);
      expected.add(text);
    },
    text => {
      if (expected.delete(text)) set.delete(text);
    },
  ];
  for (let round = 0; round < 200; round++) {
    steps[(round * 5) % 3 === 0 ? 1 : 0]?.(all[(round * round) % 40] ?? "");
    if (round % 9 > 2) continue;
    for (const prefix of ["", "1", "11", "x"])
      expect(set.startingWith(prefix)).toEqual([...expected].filter(text => text.startsWith(prefix)).sort());
  }
  set.clear();
  expect(set.startingWith("")).toEqual([]);
});

it("loses nothing while much comes and goes that nobody asks for", () => {
  const set = new PrefixSet();
  for (let at = 0; at < 100; at++) set.add(`stays-${at}`);
  for (let round = 0; round < 50_000; round++) {
    set.add("comes");
    set.delete(round % 2 === 0 ? "comes" : `stays-${round % 100}`);
    if (round % 2 === 1) {
      set.add(`stays-${round % 100}`);
      set.delete("comes");
    }
  }
  expect(set.startingWith("stays-")).toHaveLength(100);
  expect(set.startingWith("comes")).toEqual([]);
});
