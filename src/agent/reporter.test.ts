import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { silentLogger } from "../ports/log.ts";
import { settle } from "../sim/clock.ts";
import { TaskState, type TaskStatus, TaskStatusSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { Reporter, type StatusReport } from "./reporter.ts";

const status = (state: TaskState): TaskStatus => create(TaskStatusSchema, { state });

/** A manager that answers as it is told; remembers what it got. */
function manager(answer: (reports: readonly StatusReport[]) => void = () => {}) {
  const calls: string[][] = [];
  const send = async (reports: readonly StatusReport[]): Promise<void> => {
    calls.push(reports.map(each => `${each.taskId} ${TaskState[each.status.state]}`));
    await settle();
    answer(reports);
  };
  return { calls, send };
}

describe("the reporter", () => {
  it("sends the newest of each task, and what comes during a call in the next", async () => {
    const reporter = new Reporter(silentLogger);
    reporter.report("a", status(TaskState.ACCEPTED));
    reporter.report("a", status(TaskState.PREPARING));
    reporter.report("b", status(TaskState.ACCEPTED));
    const { calls, send } = manager();
    const stop = new AbortController();
    const running = reporter.run(send, stop.signal);
    reporter.report("a", status(TaskState.READY));
    for (let turn = 0; turn < 5; turn++) await settle();
    expect(calls).toEqual([["a PREPARING", "b ACCEPTED"], ["a READY"]]);
    expect(reporter.waiting).toBe(0);
    stop.abort();
    await running;
  });

  it("keeps what a broken session did not take for the next one", async () => {
    const reporter = new Reporter(silentLogger);
    reporter.report("a", status(TaskState.RUNNING));
    const broken = manager(() => {
      throw new Fault("unavailable", "gone");
    });
    const stop = new AbortController();
    await expect(reporter.run(broken.send, stop.signal)).rejects.toThrow("gone");
    expect(reporter.waiting).toBe(1);
    const { calls, send } = manager();
    const running = reporter.run(send, stop.signal);
    await settle();
    await settle();
    stop.abort();
    await running;
    expect(calls).toEqual([["a RUNNING"]]);
  });

  it("is not held up by one status that is refused", async () => {
    const reporter = new Reporter(silentLogger);
    for (const id of ["a", "bad", "c"]) reporter.report(id, status(TaskState.RUNNING));
    const { calls, send } = manager(reports => {
      if (reports.some(each => each.taskId === "bad")) throw new Fault("permission_denied", "not yours");
    });
    const stop = new AbortController();
    const running = reporter.run(send, stop.signal);
    for (let turn = 0; turn < 20; turn++) await settle();
    stop.abort();
    await running;
    expect(reporter.waiting).toBe(0);
    expect(calls.flat()).toContain("c RUNNING");
    expect(calls.length).toBeLessThan(8);
  });
});
