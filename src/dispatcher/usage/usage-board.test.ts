import { describe, expect, it } from "vitest";
import { usagePeriodMs, usageSamples } from "../../model/usage-history.ts";
import { sampleTask } from "../../sim/samples.ts";
import { UsageBoard } from "./usage-board.ts";

const { NaN: unknown } = Number;
const slot = 1_000;
const task = (id: string, nodeId = "n1") => ({ id, serviceId: "s1", nodeId });
const series = (...cpus: number[]) => ({ cpus, memoryBytes: cpus.map(each => each * 1000) });
const at = (slots: number): number => (slots + 0.5) * usagePeriodMs;

describe("the leader's board of usage", () => {
  it("adds up by service and by node, and keeps each task's own", () => {
    const board = new UsageBoard();
    board.take(task("t1"), series(1, 2), at(slot));
    board.take(task("t2", "n2"), series(4), at(slot));
    expect(board.total("service s1", slot - 2, slot)).toEqual(series(unknown, 1, 6));
    expect(board.total("node n2", slot - 1, slot)).toEqual(series(unknown, 4));
    expect(board.of("t1", slot - 1, slot)).toEqual(series(1, 2));
    expect(board.tasksOf("service s1", slot)).toEqual(["t2", "t1"]);
    expect(board.tasksOf("node n1", slot)).toEqual(["t1"]);
  });

  it("takes what it is told twice for once", () => {
    const board = new UsageBoard();
    board.take(task("t1"), series(1, 2), at(slot));
    board.take(task("t1"), series(1, 2, 3), at(slot + 1));
    expect(board.total("service s1", slot - 1, slot + 1)).toEqual(series(1, 2, 3));
  });

  it("closes the gap of a slot that two reports fell on both sides of, and no longer one", () => {
    const board = new UsageBoard();
    for (const [at_, cpus] of [
      [slot, 1],
      [slot + 2, 3],
      [slot + 5, 6],
    ] as const)
      board.take(task("t1"), series(cpus), at(at_));
    expect(board.of("t1", slot, slot + 5)).toEqual(series(1, 3, 3, unknown, unknown, 6));
  });

  it("frees a task that is gone, and leaves its part in the sums", () => {
    const board = new UsageBoard();
    board.take(task("t1"), series(2), at(slot));
    board.observe({ kind: "task", action: "remove", version: 1n, object: sampleTask("t1") });
    expect(board.of("t1", slot, slot)).toBeUndefined();
    expect(board.total("service s1", slot, slot)).toEqual(series(2));
  });

  it("holds an hour of 5,000 tasks in less than 20 MB", () => {
    const hour = Array.from({ length: usageSamples }, () => 1);
    const board = new UsageBoard();
    const before = process.memoryUsage();
    for (let id = 0; id < 5_000; id++) board.take(task(`t${id}`), series(...hour), at(slot));
    const after = process.memoryUsage();
    const bytes = after.arrayBuffers - before.arrayBuffers;
    expect(board.tasksOf("service s1", slot)).toHaveLength(5_000);
    expect(bytes).toBeLessThan(20e6);
  });
});
