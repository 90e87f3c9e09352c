import { describe, expect, it } from "vitest";
import type { Node, Service } from "../model/objects.ts";
import { toDuration } from "../model/time.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  RestartPolicy_RestartCondition as Condition,
  NodeStatus_State as NodeState,
  TaskState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { context, now, words } from "./decisions.test-kit.ts";
import { decideJob } from "./job.ts";
import { aCluster, aNode, aService, aTask, type TaskInit } from "./objects.test-kit.ts";
import { modeOf } from "./service-mode.ts";
import { notesOf } from "./task-notes.ts";

const { RUNNING, COMPLETE, SHUTDOWN, FAILED, REJECTED, ORPHANED, PREPARING } = TaskState;

function decide(service: Service, inits: Readonly<Record<string, TaskInit>>, nodes: readonly Node[], maxWrites = 200) {
  const mode = modeOf(service);
  if (mode.kind !== "replicated-job" && mode.kind !== "global-job") throw new Error(mode.kind);
  const tasks = Object.entries(inits).map(([id, init]) =>
    aTask(service, id, { slot: 0, desired: COMPLETE, iteration: 0, node: "n", ...init }),
  );
  const decision = decideJob(
    { service, mode, cluster: aCluster(2), tasks, nodes: new Map(nodes.map(node => [node.id, node])) },
    context(maxWrites),
  );
  return { words: words(decision, tasks), decision };
}

const retrying = (condition: Condition, maxAttempts = 0n) => ({
  task: { restart: { condition, maxAttempts, delay: toDuration(5_000) } },
});
const failed = { state: FAILED, since: now - 6_000 };

describe("decideJob, replicated", () => {
  const up = [aNode("n")];
  const job = aService("j", { job: { total: 5, concurrent: 2 } });
  const onFailure = aService("j", { job: { total: 5, concurrent: 1 }, ...retrying(Condition.ON_FAILURE, 1n) });
  const never = aService("j", { job: { total: 2, concurrent: 1 }, ...retrying(Condition.NONE) });
  const again = aService("j", { job: { total: 5, concurrent: 2, iteration: 1 } });

  it.each<[string, Service, Record<string, TaskInit>, readonly Node[], string[]]>([
    ["starts as many as may run at a time", job, {}, up, ["+0 COMPLETE", "+1 COMPLETE"]],
    ["starts no more than are asked for", aService("j", { job: { total: 1, concurrent: 9 } }), {}, up, ["+0 COMPLETE"]],
    ["starts nothing where none may run", aService("j", { job: { total: 3, concurrent: 0 } }), {}, up, []],
    ["waits while so many are on their way", job, { a: {}, b: { slot: 1, state: PREPARING } }, up, []],
    ["goes on when one is done", job, { a: { state: COMPLETE }, b: { slot: 1 } }, up, ["+2 COMPLETE"]],
    [
      "rests when all are done",
      aService("j", { job: { total: 2 } }),
      { a: { state: COMPLETE }, b: { slot: 1, state: COMPLETE } },
      up,
      [],
    ],
    [
      "counts what was done after it was to stop",
      aService("j", { job: {} }),
      { a: { state: COMPLETE, desired: SHUTDOWN } },
      up,
      [],
    ],
    ["starts a failed one again", onFailure, { a: failed }, up, ["a→SHUTDOWN", "+0 COMPLETE"]],
    ["gives up without a policy to go on, and goes on with the next", never, { a: failed }, up, ["+1 COMPLETE"]],
    ["begins another run from the beginning", again, { a: { state: COMPLETE } }, up, ["+0 COMPLETE", "+1 COMPLETE"]],
    [
      "removes what still runs of the one before, and starts others meanwhile",
      again,
      { a: {}, b: { slot: 1, state: COMPLETE } },
      up,
      ["a→REMOVE", "+1 COMPLETE", "+2 COMPLETE"],
    ],
    [
      "does not start beside one that is stopping",
      again,
      { a: { desired: SHUTDOWN, createdAt: now } },
      up,
      ["+1 COMPLETE", "+2 COMPLETE"],
    ],
    [
      "moves from a node that is down",
      aService("j", { job: {} }),
      { a: {} },
      [aNode("n", { state: NodeState.DOWN })],
      ["a→SHUTDOWN", "+0 COMPLETE"],
    ],
    [
      "moves what could not stay, without delay",
      aService("j", { job: {} }),
      { a: { state: ORPHANED, desired: SHUTDOWN, since: now } },
      [],
      ["+0 COMPLETE"],
    ],
    [
      "keeps no more of the past than it should",
      aService("j", { job: { iteration: 3 }, ...retrying(Condition.NONE) }),
      {
        a: { state: COMPLETE, iteration: 0, createdAt: 1 },
        b: { state: COMPLETE, iteration: 1, createdAt: 2 },
        c: { state: REJECTED, iteration: 3, createdAt: 3 },
      },
      up,
      ["a→REMOVE"],
    ],
  ])("%s", (_, service, tasks, nodes, expected) => {
    expect(decide(service, tasks, nodes).words).toEqual(expected);
  });

  it("stops the task on a drained node first", () => {
    const drained = [aNode("n", { availability: Availability.DRAIN })];
    expect(decide(aService("j", { job: {} }), { a: {} }, drained).words).toEqual(["a→SHUTDOWN"]);
    const stopping = decide(aService("j", { job: {} }), { a: { desired: SHUTDOWN, createdAt: now } }, drained);
    expect(stopping.words).toEqual([]);
    expect(stopping.decision.lookAgainMs).toBe(60_000);
  });

  it("waits for the policy's delay, and counts its attempts", () => {
    const early = decide(onFailure, { a: { state: FAILED, since: now - 1_000 } }, up);
    expect(early.decision.lookAgainMs).toBe(4_000);
    expect(early.words).toEqual(["+1 COMPLETE"]);
    const { decision } = decide(onFailure, { a: failed }, up);
    const made = decision.writes.flatMap(write => (write.kind === "create task" ? [write.task] : []));
    expect(made.map(task => notesOf(task).restarts)).toEqual([1]);
    expect(made[0]?.jobIteration?.index).toBe(0n);
  });

  it("makes no more at once than it may write, however many are asked for", () => {
    const huge = aService("j", { job: { total: Number.MAX_SAFE_INTEGER, concurrent: Number.MAX_SAFE_INTEGER } });
    expect(decide(huge, {}, up, 10).words).toHaveLength(10);
  });
});

describe("decideJob, global", () => {
  const job = aService("g", { replicas: undefined, job: {}, ...retrying(Condition.ON_FAILURE) });
  const placed = aService("g", {
    replicas: undefined,
    job: {},
    task: { placement: { constraints: ["node.labels.disk==ssd"] } },
  });

  it.each<[string, Service, Record<string, TaskInit>, readonly Node[], string[]]>([
    ["runs once on every node", job, {}, [aNode("a"), aNode("b")], ["+a COMPLETE", "+b COMPLETE"]],
    [
      "leaves nodes out that do not suit it",
      placed,
      {},
      [aNode("a"), aNode("b", { labels: { disk: "ssd" } })],
      ["+b COMPLETE"],
    ],
    [
      "goes on where it has not run",
      job,
      { a: { node: "a", state: COMPLETE }, b: { node: "b", state: RUNNING } },
      [aNode("a"), aNode("b"), aNode("c")],
      ["+c COMPLETE"],
    ],
    ["starts a failed one again", job, { a: { node: "a", ...failed } }, [aNode("a")], ["a→SHUTDOWN", "+a COMPLETE"]],
    [
      "stops where it may not be",
      job,
      { a: { node: "a" } },
      [aNode("a", { availability: Availability.DRAIN })],
      ["a→SHUTDOWN"],
    ],
    ["starts nothing on a paused node", job, {}, [aNode("a", { availability: Availability.PAUSE })], []],
  ])("%s", (_, service, tasks, nodes, expected) => {
    expect(decide(service, tasks, nodes).words).toEqual(expected);
  });
});
