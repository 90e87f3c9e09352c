import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { same } from "./same.ts";

describe("same", () => {
  it.each<[unknown, unknown, boolean]>([
    [1n, 1n, true],
    [1n, 1, false],
    [Number.NaN, Number.NaN, true],
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, true],
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }, false],
    [{ a: 1 }, { a: 1, b: undefined }, true],
    [{ a: 1, b: undefined }, { a: 1 }, true],
    [{ a: 1 }, { a: 1, b: null }, false],
    [{ a: 1 }, { b: 1 }, false],
    [{}, { constructor: "x" }, false],
    [{ toString: "x" }, {}, false],
    [JSON.parse('{"__proto__": "x"}'), {}, false],
    [JSON.parse('{"__proto__": {}}'), {}, false],
    [[], {}, false],
    [{}, [], false],
    [[1, 2], [1], false],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 2), true],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 3), false],
    [Uint8Array.of(), {}, false],
    [{}, Uint8Array.of(), false],
    [new Map([["a", { b: 1 }]]), new Map([["a", { b: 1 }]]), true],
    [new Map([["a", 1]]), new Map([["a", 2]]), false],
    [new Map([["a", undefined]]), new Map([["b", undefined]]), false],
    [new Map([["a", 1]]), new Map(), false],
    [new Map(), {}, false],
    [{}, new Map(), false],
    [new Set([1, 2]), new Set([2, 1]), true],
    [new Set([1]), new Set([2]), false],
    [{}, new Set(), false],
    [null, {}, false],
    [null, undefined, false],
  ])("%# is told", (a, b, expected) => {
    expect(same(a, b)).toBe(expected);
  });

  it("holds for any value and its copy", () => {
    fc.assert(fc.property(fc.object(), value => same(value, structuredClone(value))));
  });
});
