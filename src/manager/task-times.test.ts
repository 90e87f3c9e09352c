import { beforeEach, describe, expect, it } from "vitest";
import { toTimestamp } from "../model/time.ts";
import { noMeters } from "../ports/meters.ts";
import { SimClock } from "../sim/clock.ts";
import { sampleTask } from "../sim/samples.ts";
import { newSimStore, type SimStore } from "../sim/store.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { TaskTimes } from "./task-times.ts";

let clock: SimClock;
let store: SimStore;
let times: TaskTimes;
let measured: string[];

beforeEach(() => {
  clock = new SimClock();
  store = newSimStore({ clock });
  measured = [];
  times = new TaskTimes(store, clock, {
    ...noMeters,
    taskScheduled: ms => measured.push(`scheduled ${ms}`),
    taskStarted: ms => measured.push(`started ${ms}`),
  });
});

const make = (state: TaskState): Promise<void> =>
  store.update(tx => {
    const task = sampleTask("t1", undefined, { status: { state } });
    tx.task.create({ ...task, meta: { ...task.meta, createdAt: toTimestamp(clock.now()) } });
  });
const become = async (state: TaskState, afterMs: number): Promise<void> => {
  await clock.advance(afterMs);
  await store.update(tx => {
    const task = tx.task.get("t1")!;
    tx.task.update({ ...task, status: { ...task.status, state } });
  });
};

describe("the times of tasks", () => {
  it("are from being made to having a node, and from there to running", async () => {
    await make(TaskState.NEW);
    await become(TaskState.PENDING, 100);
    await become(TaskState.ASSIGNED, 200);
    await become(TaskState.STARTING, 1_000);
    await become(TaskState.RUNNING, 500);
    await become(TaskState.FAILED, 500);
    expect(measured).toEqual(["scheduled 300", "started 1500"]);
  });

  it("leave out what began before", async () => {
    await make(TaskState.ASSIGNED);
    await become(TaskState.RUNNING, 500);
    expect(measured).toEqual([]);
  });

  it("leave out a task that never ran", async () => {
    await make(TaskState.PENDING);
    await become(TaskState.ASSIGNED, 10);
    await become(TaskState.REJECTED, 10);
    expect(measured).toEqual(["scheduled 10"]);
  });

  it("end", async () => {
    await make(TaskState.PENDING);
    times.stop();
    await become(TaskState.ASSIGNED, 10);
    expect(measured).toEqual([]);
  });
});
