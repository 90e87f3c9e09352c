import { describe, expect, it } from "vitest";
import { ManagerBook } from "./manager-book.ts";

const book = (...addresses: string[]) => new ManagerBook(addresses.map(address => ({ nodeId: "", address })));

/** How often each manager is picked, in per cent. */
function shares(managers: ManagerBook): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < 1_000; i++) {
    const address = managers.pick(i / 1_000) ?? "none";
    counts[address] = (counts[address] ?? 0) + 0.1;
  }
  return Object.fromEntries(Object.entries(counts).map(([address, share]) => [address, Math.round(share)]));
}

describe("the choice of a manager", () => {
  it("is even at first", () => {
    expect(shares(book("a", "b"))).toEqual({ a: 50, b: 50 });
  });

  it("follows the weights that managers tell", () => {
    const managers = book("a");
    managers.replace([
      { nodeId: "2", address: "b", weight: 30 },
      { nodeId: "3", address: "c", weight: 10 },
    ]);
    expect(shares(managers)).toEqual({ b: 75, c: 25 });
  });

  it("avoids managers that failed, and trusts them again once they work", () => {
    const managers = book("a", "b");
    managers.failed("a");
    expect(shares(managers)).toEqual({ a: 11, b: 89 });
    for (let i = 0; i < 100; i++) managers.failed("a");
    expect(managers.pick(0)).toBe("a");
    managers.worked("a");
    expect(shares(managers)).toEqual({ a: 50, b: 50 });
  });

  it("goes round among managers that have all failed", () => {
    const managers = book("a", "b", "c");
    for (const address of ["b", "c", "b", "a"]) managers.failed(address);
    const turns = [0, 0.99, 0.5, 0, 0].map(chance => {
      const address = managers.pick(chance);
      managers.failed(address ?? "");
      return address;
    });
    expect(turns).toEqual(["c", "b", "a", "c", "b"]);
  });

  it("is never left without managers", () => {
    const managers = book("a");
    managers.replace([]);
    managers.failed("a");
    expect(managers.pick(0.99)).toBe("a");
    expect(book().pick(0.5)).toBeUndefined();
  });
});
