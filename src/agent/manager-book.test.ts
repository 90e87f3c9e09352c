import { describe, expect, it } from "vitest";
import { ManagerBook } from "./manager-book.ts";

/** How often each manager is picked, in per cent. */
function shares(book: ManagerBook): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < 1_000; i++) {
    const address = book.pick(i / 1_000) ?? "none";
    counts[address] = (counts[address] ?? 0) + 0.1;
  }
  return Object.fromEntries(Object.entries(counts).map(([address, share]) => [address, Math.round(share)]));
}

describe("the choice of a manager", () => {
  it("is even at first", () => {
    expect(shares(new ManagerBook(["a", "b"]))).toEqual({ a: 50, b: 50 });
  });

  it("follows the weights that managers tell", () => {
    const book = new ManagerBook(["a"]);
    book.replace([
      { address: "b", weight: 30 },
      { address: "c", weight: 10 },
    ]);
    expect(shares(book)).toEqual({ b: 75, c: 25 });
  });

  it("avoids managers that failed, and trusts them again once they work", () => {
    const book = new ManagerBook(["a", "b"]);
    book.failed("a");
    expect(shares(book)).toEqual({ a: 11, b: 89 });
    for (let i = 0; i < 100; i++) book.failed("a");
    expect(book.pick(0)).toBe("a");
    book.worked("a");
    expect(shares(book)).toEqual({ a: 50, b: 50 });
  });

  it("is never left without managers", () => {
    const book = new ManagerBook(["a"]);
    book.replace([]);
    book.failed("a");
    expect(book.pick(0.99)).toBe("a");
    expect(new ManagerBook([]).pick(0.5)).toBeUndefined();
  });
});
