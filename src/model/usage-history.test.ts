import { describe, expect, it } from "vitest";
import { slotAt, UsageHistory, usagePeriodMs, usageSamples } from "./usage-history.ts";

const sample = (cpus: number) => ({ cpus, memoryBytes: cpus * 100 });
const { NaN: unknown } = Number;

describe("a history of usage", () => {
  it("has one slot a period", () => {
    expect([0, usagePeriodMs - 1, usagePeriodMs].map(slotAt)).toEqual([0, 0, 1]);
  });

  it("gives the samples of a time back, and says of the others that they are not known", () => {
    const history = new UsageHistory();
    for (const [slot, cpus] of [
      [7, 1],
      [8, 2],
      [10, 4],
    ] as const)
      history.put(slot, sample(cpus));
    expect(history.series(6, 11)).toEqual({
      cpus: [unknown, 1, 2, unknown, 4, unknown],
      memoryBytes: [unknown, 100, 200, unknown, 400, unknown],
    });
  });

  it("keeps an hour", () => {
    const history = new UsageHistory();
    for (let slot = 0; slot < 2 * usageSamples; slot++) history.put(slot, sample(slot));
    expect(history.at(usageSamples - 1)).toEqual(sample(unknown));
    expect(history.at(usageSamples)).toEqual(sample(usageSamples));
    const { cpus } = history.series(0, 2 * usageSamples - 1);
    expect([cpus.length, cpus[0]]).toEqual([usageSamples, usageSamples]);
  });

  it("forgets what a gap of more than an hour leaves behind", () => {
    const history = new UsageHistory();
    history.put(3, sample(1));
    history.put(3 + usageSamples, sample(2));
    expect(history.at(3)).toEqual(sample(unknown));
    history.put(3, sample(1));
    expect(history.at(3 + usageSamples)).toEqual(sample(2));
  });

  it("takes in what comes late", () => {
    const history = new UsageHistory();
    history.put(9, sample(9));
    history.put(8, sample(8));
    expect(history.series(8, 9).cpus).toEqual([8, 9]);
    expect(history.newest).toBe(9);
  });

  it.each([
    ["a first part", unknown, unknown, 2, 2],
    ["another part", 3, unknown, 2, 5],
    ["a part that is said once more", 5, 2, 4, 7],
    ["a part that is not known any more", 5, 2, unknown, 3],
    ["a part of which nothing is known", 3, unknown, unknown, 3],
    ["nothing known at all", unknown, unknown, unknown, unknown],
  ])("adds up: %s", (_, sum, before, after, expected) => {
    const history = new UsageHistory();
    history.put(1, sample(sum));
    history.add(1, sample(before), sample(after));
    expect(history.at(1)).toEqual(sample(expected));
  });
});
