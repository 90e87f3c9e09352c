import { expect, it } from "vitest";
import { LookBudget } from "./look-budget.ts";

/** How many looks of `tookMs` there are in `spanMs` when each comes as soon as it may. */
function looksIn(spanMs: number, tookMs: number): number {
  const budget = new LookBudget();
  let looks = 0;
  for (let now = 0; now < spanMs; now += budget.waitMs(now)) {
    now += tookMs;
    budget.spend(tookMs, now);
    looks += 1;
  }
  return looks;
}

it("lets the first look come at once, and the next half a second later", () => {
  const budget = new LookBudget();
  expect(budget.waitMs(0)).toBe(0);
  budget.spend(50, 50);
  expect(budget.waitMs(50)).toBe(500);
  expect(budget.waitMs(400)).toBe(150);
  expect(budget.waitMs(600)).toBe(0);
});

it("lets looks that take long follow each other for a while, but for ever only with pauses", () => {
  const budget = new LookBudget();
  const waits = [0, 1, 2, 3, 4].map(() => {
    budget.spend(1_000, 0);
    return budget.waitMs(0);
  });
  expect(waits).toEqual([500, 500, 5_000, 10_000, 15_000]);
});

it.each([
  [1, 7_200],
  [100, 6_000],
  [500, 1_450],
  [5_000, 146],
])("leaves four fifths of an hour without looks of %d ms", (tookMs, atMost) => {
  const looks = looksIn(3_600_000, tookMs);
  expect(looks).toBeLessThanOrEqual(atMost);
  expect(looks).toBeGreaterThan(0.95 * atMost);
});
