import { describe, expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";

describe("backoff", () => {
  const backoff = { firstMs: 100, longestMs: 8_000 };
  it.each([
    [1, 0, 50],
    [1, 0.5, 75],
    [2, 0, 100],
    [4, 0, 400],
    [8, 0, 4_000],
    [1_000, 0, 4_000],
    [0, 0, 50],
  ])("attempt %i with chance %d waits %d ms", (attempt, chance, ms) => {
    expect(backoffMs(backoff, attempt, chance)).toBe(ms);
  });

  it("never waits longer than the longest", () => {
    for (let attempt = 1; attempt < 100; attempt++) expect(backoffMs(backoff, attempt, 0.999)).toBeLessThan(8_000);
  });
});
