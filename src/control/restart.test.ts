import { describe, expect, it } from "vitest";
import type { Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import { toDuration } from "../model/time.ts";
import { SimRandom } from "../sim/random.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  RestartPolicy_RestartCondition as Condition,
  NodeStatus_State as NodeState,
  TaskState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { context, now, words } from "./decisions.test-kit.ts";
import { aNode, aService, aTask, type NodeInit, type TaskInit, tasksOf } from "./objects.test-kit.ts";
import { decideRestart } from "./restart.ts";
import { notesOf, withNotes } from "./task-notes.ts";

const { READY, SHUTDOWN, FAILED } = TaskState;

describe("decideRestart", () => {
  const up = [aNode("n")];
  const service = aService("s");
  const limited = aService("s", { task: { restart: { condition: Condition.ANY, maxAttempts: 1n } } });
  const decide = (of: Service, tasks: readonly Task[], nodes = up) =>
    decideRestart(
      { service: of, cluster: undefined, tasks, nodes: new Map(nodes.map(n => [n.id, n])), isShrinking: () => false },
      context(),
    );

  it.each<[string, Service, Record<string, TaskInit>, NodeInit, string[]]>([
    ["leaves what runs", service, { a: { node: "n" } }, {}, []],
    ["replaces what failed", service, { a: { node: "n", state: FAILED } }, {}, ["a→SHUTDOWN", "+1 READY"]],
    ["leaves what was stopped", service, { a: { node: "n", state: SHUTDOWN, desired: SHUTDOWN } }, {}, []],
    [
      "moves at once from a node that is down",
      service,
      { a: { node: "n" } },
      { state: NodeState.DOWN },
      ["a→SHUTDOWN", "+1 RUNNING"],
    ],
    [
      "makes ready what moves from a drained node",
      service,
      { a: { node: "n" } },
      { availability: Availability.DRAIN },
      ["a→SHUTDOWN", "+1 READY"],
    ],
    [
      "makes ready what moves from a node that is down while the one before it still stops elsewhere",
      service,
      { a: { node: "m", desired: SHUTDOWN }, b: { node: "n", state: READY, desired: READY, createdAt: 1 } },
      { state: NodeState.DOWN },
      ["b→SHUTDOWN", "+1 READY"],
    ],
    ["leaves a paused node's", service, { a: { node: "n" } }, { availability: Availability.PAUSE }, []],
    ["leaves an unknown node's", service, { a: { node: "n" } }, { state: NodeState.UNKNOWN }, []],
    [
      "makes no second replacement",
      service,
      { a: { node: "n", state: FAILED }, b: { node: "n", createdAt: 1 } },
      {},
      ["a→SHUTDOWN"],
    ],
    [
      "replaces a new task next to an old one",
      service,
      { a: { node: "n", version: 0n, spec: {} }, b: { node: "n", state: FAILED, createdAt: 1 } },
      {},
      ["b→SHUTDOWN", "+1 READY"],
    ],
    [
      "stops a global task where it cannot be",
      aService("s", { replicas: undefined }),
      { a: { slot: 0, node: "n" } },
      { state: NodeState.DOWN },
      ["a→SHUTDOWN"],
    ],
    ["starts what is ready", service, { a: { node: "n", state: READY, desired: READY } }, {}, ["a→RUNNING"]],
    [
      "does not start it before the other has stopped",
      service,
      { a: { node: "n", desired: SHUTDOWN }, b: { node: "n", state: READY, desired: READY, createdAt: now - 1 } },
      {},
      [],
    ],
    [
      "does so all the same after a minute",
      service,
      { a: { node: "n", desired: SHUTDOWN }, b: { node: "n", state: READY, desired: READY, createdAt: now - 60_000 } },
      {},
      ["b→RUNNING"],
    ],
    [
      "does so when the other's node is down",
      service,
      { a: { node: "n", desired: SHUTDOWN }, b: { node: "m", state: READY, desired: READY, createdAt: now } },
      { state: NodeState.DOWN },
      ["b→RUNNING"],
    ],
  ])("%s", (_, of, inits, node, expected) => {
    const tasks = tasksOf(of, inits);
    expect(words(decide(of, tasks, [aNode("n", node), aNode("m")]), tasks)).toEqual(expected);
  });

  it("gives longer graces their time", () => {
    const slow = aService("s", {
      task: { runtime: { case: "container", value: { image: "i", stopGracePeriod: toDuration(120_000) } } },
    });
    const tasks = tasksOf(slow, {
      a: { node: "n", desired: SHUTDOWN },
      b: { node: "n", state: READY, desired: READY, createdAt: now - 60_000 },
    });
    expect(decide(slow, tasks)).toEqual({ writes: [], lookAgainMs: 70_000 });
  });

  it("replaces nothing while the service shrinks, and looks again soon", () => {
    const failed = aTask(service, "a", { node: "n", state: FAILED });
    const observation = { service, cluster: undefined, tasks: [failed], nodes: new Map(), isShrinking: () => true };
    expect(decideRestart(observation, context())).toEqual({ writes: [], lookAgainMs: 100 });
  });

  it("looks again when the delay is over", () => {
    const ready = aTask(service, "a", { node: "n", state: READY, desired: READY });
    const delayed = withNotes(ready, { startAfter: now + 3_000 });
    expect(decide(service, [delayed])).toEqual({ writes: [], lookAgainMs: 3_000 });
    const failed = withNotes(aTask(service, "a", { node: "n", state: FAILED, desired: READY }), {
      startAfter: now + 2_000,
    });
    expect(decide(service, [failed])).toEqual({ writes: [], lookAgainMs: 2_000 });
  });

  it("moves at once what is still delayed, and keeps the delay", () => {
    const ready = aTask(service, "a", { node: "n", state: READY, desired: READY });
    const delayed = withNotes(ready, { startAfter: now + 3_000 });
    const { writes } = decide(service, [delayed], [aNode("n", { state: NodeState.DOWN })]);
    const [, created] = writes;
    if (created?.kind !== "create task") throw new Error("no task");
    expect(created.task.desiredState).toBe(READY);
    expect(notesOf(created.task).startAfter).toBe(now + 3_000);
  });

  it("counts restarts, and stops when they are used up", () => {
    const first = aTask(limited, "a", { node: "n", state: FAILED });
    const { writes } = decide(limited, [first]);
    const [, created] = writes;
    if (created?.kind !== "create task") throw new Error("no task");
    const second = { ...created.task, nodeId: "n", status: { ...created.task.status, state: FAILED } };
    const later = { now: now + 60_000, random: new SimRandom(), maxWrites: 200 };
    const nodes = new Map(up.map(n => [n.id, n]));
    const observation = { service: limited, cluster: undefined, tasks: [second], nodes, isShrinking: () => false };
    const decision = decideRestart(observation, later);
    expect(words(decision, [second])).toEqual([`${second.id}→SHUTDOWN`]);
  });

  describe("of a task that crashes again and again", () => {
    const eager = aService("s", { task: { restart: { condition: Condition.ANY, delay: toDuration(0) } } });
    const many = aService("s", { task: { restart: { condition: Condition.ANY, maxAttempts: 99n } } });
    const patient = aService("s", { task: { restart: { condition: Condition.ANY, delay: toDuration(120_000) } } });
    const after = (of: Service, crashes: number, ranMs: number, state = FAILED) => {
      const ended = aTask(of, "a", { node: "n", state, createdAt: now - ranMs, since: now });
      const told = { ...ended, status: { ...ended.status, err: "task: non-zero exit (1)" } };
      const [stop, made] = decide(of, [withNotes(told, { crashes })]).writes;
      if (stop?.kind !== "update task" || made?.kind !== "create task") throw new Error("not replaced");
      const { startAfter = 0, crashes: counted } = notesOf(made.task);
      return [startAfter - now, counted, stop.task.status.err];
    };
    const plain = "task: non-zero exit (1)";

    it.each<[string, Service, number, number, TaskState, (number | string | undefined)[]]>([
      ["keeps the delay at first", service, 9, 1_000, FAILED, [5_000, 10, plain]],
      [
        "doubles it then",
        service,
        11,
        1_000,
        FAILED,
        [20_000, 12, `${plain} (failed 12 times in a row, next try after 20 s)`],
      ],
      [
        "up to a minute",
        service,
        500,
        1_000,
        TaskState.REJECTED,
        [60_000, 501, `${plain} (failed 501 times in a row, next try after 60 s)`],
      ],
      ["begins with a second where there is none", eager, 10, 0, FAILED, [2_000, 11, expect.stringContaining("2 s")]],
      ["keeps the delay where attempts are limited", many, 50, 0, FAILED, [5_000, 51, plain]],
      ["leaves a longer one alone", patient, 50, 0, FAILED, [120_000, 51, expect.stringContaining("120 s")]],
      ["forgets them once a task has run for a while", service, 50, 10_000, FAILED, [5_000, undefined, plain]],
      ["does not count what ended well", service, 50, 0, TaskState.COMPLETE, [5_000, undefined, plain]],
    ])("%s", (_, of, crashes, ranMs, state, expected) => {
      expect(after(of, crashes, ranMs, state)).toEqual(expected);
    });
  });
});
