import { describe, expect, it } from "vitest";
import { pageOf, pagesOf } from "./pages.ts";

const letters = ["a", "b", "c", "d", "e"];

describe("a list in pages", () => {
  it.each([
    ["the first", 0, { at: 0, shown: ["a", "b"] }],
    ["the last, which is not full", 2, { at: 2, shown: ["e"] }],
    ["one that is not there any more", 7, { at: 2, shown: ["e"] }],
  ])("has %s", (_which, wanted, expected) => expect(pageOf(letters, 2, wanted)).toEqual(expected));

  it("has one that is empty when nothing is in it", () => expect(pageOf([], 2, 1)).toEqual({ at: 0, shown: [] }));

  it.each([
    [
      5,
      [
        [1, 2],
        [3, 4],
        [5, 5],
      ],
    ],
    [2, [[1, 2]]],
    [0, []],
  ])("of %i says what is on each", (count, expected) =>
    expect(pagesOf(count, 2).map(({ from, to }) => [from, to])).toEqual(expected),
  );
});
