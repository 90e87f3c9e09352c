import { describe, expect, it } from "vitest";
import type { ServiceView, TaskView } from "../types.ts";
import { node, serviceView, task } from "../views.test-kit.ts";
import { progressOf } from "./service-progress.ts";

const nodes = [node("n1"), node("n2"), node("gone", { Status: { State: "down", Addr: "" } })];
const never = { TaskTemplate: { ContainerSpec: { Image: "x" }, RestartPolicy: { Condition: "none" } } };
const job = { Mode: { ReplicatedJob: { TotalCompletions: 2, MaxConcurrent: 1 } } };
const run = { JobStatus: { JobIteration: { Index: 7 } } };
const failed = (members: object = {}): TaskView =>
  task({ state: "failed", DesiredState: "shutdown", error: "exit 1", ...members });

describe("how far a service is", () => {
  it.each<[string, ServiceView, TaskView[], object]>([
    ["no task yet", serviceView(), [], { state: "waiting", settled: 0, wanted: 1 }],
    ["one that runs", serviceView(), [task()], { state: "done", settled: 1, reason: "" }],
    ["no replicas", serviceView({ Mode: { Replicated: { Replicas: 0 } } }), [], { state: "done", wanted: 0 }],
    [
      "one that runs and is to stop",
      serviceView(),
      [task({ DesiredState: "shutdown" })],
      { state: "waiting", settled: 0 },
    ],
    ["one on a node that is down", serviceView(), [task({ NodeID: "gone" })], { state: "waiting", settled: 0 }],
    [
      "two of three",
      serviceView({ Mode: { Replicated: { Replicas: 3 } } }),
      [task(), task({ Slot: 2 }), task({ Slot: 3, state: "pending", error: "no suitable node" })],
      { state: "waiting", settled: 2, wanted: 3, reason: "no suitable node" },
    ],
    [
      "one that starts",
      serviceView(),
      [task({ state: "preparing", message: "pulling" })],
      { state: "waiting", reason: "pulling" },
    ],
    [
      "a global service with no task yet",
      serviceView({ Mode: { Global: {} } }),
      [],
      { state: "waiting", wanted: undefined },
    ],
    [
      "a global service",
      serviceView({ Mode: { Global: {} } }),
      [task({ Slot: 0 }), task({ Slot: 0, NodeID: "n2" })],
      { state: "done", settled: 2, wanted: 2 },
    ],
    [
      "an update under way",
      serviceView({}, { UpdateStatus: { State: "updating" } }),
      [task()],
      { state: "waiting", settled: 1 },
    ],
    [
      "a paused update",
      serviceView({}, { UpdateStatus: { State: "paused", Message: "task x failed" } }),
      [task()],
      { state: "failed", reason: "service update paused: task x failed" },
    ],
    ["a failure before it runs", serviceView(), [failed(), task()], { state: "done" }],
    ["a failure that is tried again", serviceView(), [failed(), task({ state: "ready" })], { state: "waiting" }],
    [
      "a failure that is not tried again",
      serviceView(never),
      [failed()],
      { state: "failed", reason: "a task failed once: exit 1" },
    ],
    [
      "too many failures",
      serviceView(),
      [1, 2, 3, 4].map(() => failed()),
      { state: "failed", reason: "a task failed 4 times: exit 1" },
    ],
    ["not many yet", serviceView(), [1, 2, 3].map(() => failed()), { state: "waiting", reason: "exit 1" }],
    [
      "too many failures, most of them forgotten",
      serviceView(),
      [failed({ error: "exit 1 (failed 11 times in a row, next try after 2 s)" }), task({ state: "ready" })],
      { state: "failed", reason: "a task failed 11 times: exit 1 (failed 11 times in a row, next try after 2 s)" },
    ],
    [
      "too many failures, all of them before it was changed",
      serviceView({}, { UpdatedAt: "2030-01-01T00:00:00Z" }),
      [1, 2, 3, 4].map(() => failed()),
      { state: "waiting", reason: "exit 1" },
    ],
    [
      "too many failures, the last of them after it was changed",
      serviceView({}, { UpdatedAt: "2030-01-01T00:00:00Z" }),
      [...[1, 2, 3].map(() => failed()), failed({ UpdatedAt: "2030-01-01T00:00:01Z" })],
      { state: "failed", reason: "a task failed 4 times: exit 1" },
    ],
    [
      "a task that ended well and is not to begin again",
      serviceView(never),
      [task({ state: "complete", DesiredState: "shutdown" })],
      { state: "done", settled: 1 },
    ],
    [
      "a task that ended well and is",
      serviceView(),
      [task({ state: "complete", DesiredState: "shutdown" })],
      { state: "waiting" },
    ],
    [
      "half a job",
      serviceView(job, run),
      [
        task({ state: "complete", DesiredState: "complete", JobIteration: { Index: 7 } }),
        task({ Slot: 2, JobIteration: { Index: 7 } }),
      ],
      { state: "waiting", settled: 1, wanted: 2 },
    ],
    [
      "a job",
      serviceView(job, run),
      [1, 2].map(Slot => task({ Slot, state: "complete", DesiredState: "complete", JobIteration: { Index: 7 } })),
      { state: "done", settled: 2 },
    ],
    [
      "a job's earlier run",
      serviceView(job, run),
      [1, 2].map(Slot => task({ Slot, state: "complete", DesiredState: "complete", JobIteration: { Index: 3 } })),
      { state: "waiting", settled: 0 },
    ],
  ])("%s", (_, service, tasks, progress) => {
    expect(progressOf(service, tasks, nodes)).toMatchObject(progress);
  });
});
