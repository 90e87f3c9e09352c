import { describe, expect, it } from "vitest";
import { usagePeriodMs, usageSamples } from "../model/usage-history.ts";
import { UsageLog } from "./usage-log.ts";

const { NaN: unknown } = Number;
const everything = Number.NEGATIVE_INFINITY;

/** Measurements of one task, each so many milliseconds after the one before. */
function logOf(...measured: readonly (readonly [afterMs: number, cpuSeconds: number | undefined, memory?: number])[]) {
  const log = new UsageLog();
  let nowMs = 5_000_000;
  for (const [afterMs, cpuSeconds, memoryBytes] of measured) {
    nowMs += afterMs;
    log.take([{ taskId: "t1", cpuSeconds, memoryBytes }], nowMs);
  }
  return log;
}

describe("a log of what tasks use", () => {
  it.each([
    ["knows no processors from one measurement", [[0, 7, 1]], [unknown]],
    [
      "divides the time kept busy by the time that passed",
      [
        [0, 1, 1],
        [10_000, 6, 1],
        [12_500, 31, 1],
      ],
      [unknown, 0.5, 2],
    ],
    [
      "is not misled by a time that goes back",
      [
        [0, 9, 1],
        [10_000, 2, 1],
        [10_000, 3, 1],
      ],
      [unknown, unknown, 0.1],
    ],
    [
      "takes what is not known for that",
      [
        [0, undefined, 1],
        [10_000, 1, 1],
        [10_000, 2, 1],
      ],
      [unknown, unknown, 0.1],
    ],
    [
      "has one sample a measurement, whatever the jitter",
      [
        [0, 0, 1],
        [8_000, 0, 1],
        [12_000, 0, 1],
      ],
      [unknown, 0, 0],
    ],
    [
      "leaves out the time in which nothing was measured",
      [
        [0, 0, 1],
        [30_000, 3, 1],
      ],
      [unknown, unknown, unknown, 0.1],
    ],
  ] as const)("%s", (_, measured, expected) => {
    const [[taskId, { cpus }] = ["", { cpus: [] }]] = logOf(...measured).since(everything);
    expect(taskId).toBe("t1");
    expect(cpus.map(each => Number(each.toFixed(4)))).toEqual(expected.slice(expected.length - cpus.length));
  });

  it("tells what is new, from the task's beginning on", () => {
    const log = logOf([0, 0, 100], [10_000, 1, 200], [10_000, 2, 300]);
    log.take(
      [
        { taskId: "t1", cpuSeconds: 3, memoryBytes: 400 },
        { taskId: "t2", cpuSeconds: 0, memoryBytes: 50 },
      ],
      5_030_000,
    );
    const memory = new Map(log.since(log.slot - 2).map(([id, series]) => [id, series.memoryBytes]));
    expect(memory).toEqual(
      new Map([
        ["t1", [300, 400]],
        ["t2", [50]],
      ]),
    );
    expect(log.since(log.slot)).toEqual([]);
  });

  it("forgets a task that runs no more, and all that is older than an hour", () => {
    const log = logOf(...Array.from({ length: usageSamples + 5 }, () => [usagePeriodMs, 1, 1] as const));
    expect(log.since(everything)[0]?.[1].cpus).toHaveLength(usageSamples);
    log.take([], 99_000_000);
    expect(log.since(everything)).toEqual([]);
  });
});
