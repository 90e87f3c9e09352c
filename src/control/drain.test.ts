import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Node, Service } from "../model/objects.ts";
import { nodeLabels } from "../model/shoal-labels.ts";
import type { Task } from "../model/task.ts";
import { toTimestamp } from "../model/time.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  RestartPolicy_RestartCondition as Condition,
  NodeStatus_State as NodeState,
  TaskState,
  UpdateConfig_UpdateOrder as UpdateOrder,
  UpdateStatus_UpdateState as UpdateState,
  UpdateStatusSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { context, now, words } from "./decisions.test-kit.ts";
import { decideDrain } from "./drain.ts";
import { drainRemarks } from "./drain-note.ts";
import { defaultDrainTimeoutMs, drainTimeoutMs } from "./drain-policy.ts";
import { aNode, aService, aTask, type ServiceInit, type TaskInit } from "./objects.test-kit.ts";
import { slotsOf } from "./slot.ts";
import { notesOf, withNotes } from "./task-notes.ts";

const { READY, STARTING, SHUTDOWN, FAILED } = TaskState;
const { DRAIN, ACTIVE } = Availability;
const startFirst = { order: UpdateOrder.START_FIRST, parallelism: 1n };
const on = (node: string, slot: number, init: TaskInit = {}): TaskInit => ({ node, slot, ...init });
/** As a replacement, which is younger. */
const next = (slot: number, init: TaskInit = {}): TaskInit => on("b", slot, { createdAt: 1, ...init });
const limited = { task: { restart: { condition: Condition.NONE } } };

interface Case {
  readonly service?: ServiceInit;
  readonly node?: Node;
  readonly noted?: readonly string[];
  /** How long ago what is noted was, in milliseconds. */
  readonly ago?: number;
}

function serviceOf({ service = {} }: Case): Service {
  return aService("s", { replicas: 3, update: startFirst, ...service });
}

function tasksOf(inits: Readonly<Record<string, TaskInit>>, of: Service, { noted = [], ago = 0 }: Case = {}): Task[] {
  return Object.entries(inits).map(([id, init]) => {
    const task = aTask(of, id, init);
    return noted.includes(id) ? withNotes(task, { drainSince: now - ago }) : task;
  });
}

function decide(tasks: readonly Task[], service: Service, node = aNode("a", { availability: DRAIN })) {
  const nodes = new Map([node, aNode("b")].map(each => [each.id, each]));
  return decideDrain(
    { service, cluster: undefined, slots: [...slotsOf(tasks).values()], nodeOf: id => nodes.get(id) },
    context(),
  );
}

describe("decideDrain", () => {
  it.each<[string, Record<string, TaskInit>, Case, string[]]>([
    ["starts a replacement first", { x: on("a", 1) }, {}, ["x→RUNNING", "+1 RUNNING"]],
    [
      "replaces as many as are updated at a time",
      { x: on("a", 1), y: on("a", 2), z: on("a", 3) },
      { service: { update: { ...startFirst, parallelism: 2n } } },
      ["x→RUNNING", "+1 RUNNING", "y→RUNNING", "+2 RUNNING", "z→RUNNING"],
    ],
    [
      "replaces all at once where all are updated at once",
      { x: on("a", 1), y: on("a", 2) },
      { service: { update: { ...startFirst, parallelism: 0n } } },
      ["x→RUNNING", "+1 RUNNING", "y→RUNNING", "+2 RUNNING"],
    ],
    [
      "waits for the one that is being replaced",
      { x: on("a", 1), x2: next(1, { state: STARTING }), y: on("a", 2) },
      {},
      ["x→RUNNING", "y→RUNNING"],
    ],
    ["stops it when its replacement runs", { x: on("a", 1), x2: next(1) }, {}, ["x→SHUTDOWN"]],
    [
      "counts a slot that an update works on",
      { x: on("a", 1), y: on("b", 2), y2: next(2, { state: READY }) },
      {},
      ["x→RUNNING"],
    ],
    ["leaves other nodes' tasks", { x: on("b", 1) }, {}, []],
    ["leaves what does not run to others", { x: on("a", 1, { state: STARTING }) }, {}, []],
    ["leaves what is stopped already", { x: on("a", 1, { desired: SHUTDOWN }) }, {}, []],
    ["leaves stop-first services", { x: on("a", 1) }, { service: { update: { parallelism: 1n } } }, []],
    ["leaves global services", { x: on("a", 0) }, { service: { replicas: undefined } }, []],
    [
      "leaves nodes that are down",
      { x: on("a", 1) },
      { node: aNode("a", { availability: DRAIN, state: NodeState.DOWN }) },
      [],
    ],
    [
      "keeps the newer one when both nodes are drained",
      { x: on("a", 1), x2: on("a", 1, { createdAt: 1 }) },
      {},
      ["x→SHUTDOWN", "x2→RUNNING"],
    ],
    [
      "does not try again what may not be",
      { x: on("a", 1), x2: next(1, { state: FAILED, desired: SHUTDOWN }) },
      { service: limited },
      ["x→RUNNING"],
    ],
    [
      "tries again with a new spec",
      { x: on("a", 1), x2: next(1, { state: FAILED, desired: SHUTDOWN, version: 0n }) },
      { service: limited },
      ["x→RUNNING", "+1 RUNNING"],
    ],
    [
      "gives up when the time is over",
      { x: on("a", 1) },
      { noted: ["x"], ago: defaultDrainTimeoutMs },
      ["x→SHUTDOWN", "+1 READY"],
    ],
    [
      "gives up for a replacement that is on its way",
      { x: on("a", 1), x2: next(1, { state: STARTING }) },
      { noted: ["x"], ago: defaultDrainTimeoutMs },
      ["x→SHUTDOWN"],
    ],
    [
      "gives up when the node's label says",
      { x: on("a", 1) },
      {
        node: aNode("a", { availability: DRAIN, labels: { [nodeLabels.drainTimeout]: "10s" } }),
        noted: ["x"],
        ago: 10_000,
      },
      ["x→SHUTDOWN", "+1 READY"],
    ],
    [
      "gives up at once where no time is given",
      { x: on("a", 1), y: on("a", 2) },
      { node: aNode("a", { availability: DRAIN, labels: { [nodeLabels.drainTimeout]: "0" } }) },
      ["x→SHUTDOWN", "+1 READY", "y→SHUTDOWN", "+2 READY"],
    ],
    [
      "keeps what was to leave when the node is back, and stops the replacement",
      { x: on("a", 1), x2: next(1, { state: STARTING }) },
      { node: aNode("a", { availability: ACTIVE }), noted: ["x"] },
      ["x→RUNNING", "x2→SHUTDOWN"],
    ],
    [
      "stops what was to leave when the node is back too late",
      { x: on("a", 1), x2: next(1) },
      { node: aNode("a"), noted: ["x"] },
      ["x→SHUTDOWN"],
    ],
    [
      "leaves it to the update what becomes of an older task when the node is back",
      { x: on("a", 1, { version: 0n, spec: {} }), x2: next(1, { state: STARTING }) },
      { node: aNode("a"), noted: ["x"] },
      ["x→RUNNING"],
    ],
  ])("%s", (_, inits, given, expected) => {
    const service = serviceOf(given);
    const tasks = tasksOf(inits, service, given);
    expect(words(decide(tasks, service, given.node), tasks)).toEqual(expected);
  });

  it("lets each say what it waits for, and remember since when", () => {
    const service = serviceOf({});
    const tasks = tasksOf({ x: on("a", 1), y: on("a", 2) }, service);
    const updated = decide(tasks, service).writes.flatMap(write => (write.kind === "update task" ? [write.task] : []));
    expect(updated.map(({ status, desiredState }) => [status.err, status.state, desiredState])).toEqual([
      [drainRemarks.replacement, TaskState.RUNNING, TaskState.RUNNING],
      [drainRemarks.turn, TaskState.RUNNING, TaskState.RUNNING],
    ]);
    expect(updated.map(task => notesOf(task).drainSince)).toEqual([now, now]);
    const later = [...updated, aTask(service, "x2", next(1, { state: STARTING }))];
    expect(decide(later, service)).toEqual({ writes: [], lookAgainMs: defaultDrainTimeoutMs });
  });

  it("lets an update under way replace what is older", () => {
    const updateStatus = create(UpdateStatusSchema, { state: UpdateState.UPDATING, startedAt: toTimestamp(now) });
    const service = { ...serviceOf({}), updateStatus };
    const tasks = tasksOf({ x: on("a", 1, { version: 0n, spec: {} }) }, service);
    const [write] = decide(tasks, service).writes;
    expect(write?.kind === "update task" && write.task.status.err).toBe(drainRemarks.update);
  });

  it("takes back what a task said when its node is back", () => {
    const service = serviceOf({});
    const [task] = tasksOf({ x: on("a", 1) }, service);
    const [noted] = decide([task!], service).writes;
    const said = noted?.kind === "update task" ? noted.task : task!;
    const [write] = decide([said], service, aNode("a")).writes;
    const back = write?.kind === "update task" ? write.task : said;
    expect([back.status, back.annotations]).toEqual([task!.status, task!.annotations]);
  });
});

it.each([
  [{}, defaultDrainTimeoutMs],
  [{ [nodeLabels.drainTimeout]: "5m" }, 300_000],
  [{ [nodeLabels.drainTimeout]: "0" }, 0],
  [{ [nodeLabels.drainTimeout]: "soon" }, defaultDrainTimeoutMs],
])("a node with the labels %j is given %d ms", (labels, ms) => {
  expect(drainTimeoutMs(aNode("a", { labels }))).toBe(ms);
});
