import { describe, expect, it } from "vitest";
import type { Node } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import { NodeSpec_Availability as Availability } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  Mount_Type as MountType,
  NodeStatus_State as NodeState,
  PortConfig_PublishMode as PublishMode,
  TaskState,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { context, now } from "../decisions.test-kit.ts";
import { aNode, aService, aTask, type NodeInit, type ServiceInit } from "../objects.test-kit.ts";
import { Kinds } from "./kinds.ts";
import { NodeSet } from "./node-set.ts";
import { decidePass, type PassObservation } from "./pass.ts";

const { PENDING, RUNNING, FAILED, ASSIGNED } = TaskState;

function decide(
  tasks: readonly Task[],
  nodes: readonly Node[],
  there: readonly Task[] = [],
  maxWrites = 200,
): readonly Task[] {
  const set = new NodeSet();
  for (const object of nodes) set.apply({ kind: "node", action: "create", version: 1n, object });
  for (const object of [...there, ...tasks]) set.apply({ kind: "task", action: "create", version: 1n, object });
  const observation: PassObservation = {
    nodes: set,
    kinds: new Kinds(),
    again: true,
    currentOf: task => task,
    isCurrent: () => true,
    heldBy: () => undefined,
  };
  const before = picture(set);
  const { writes } = decidePass(observation, context(maxWrites));
  // What was supposed did not come about.
  set.supposing(() => {});
  expect(picture(set)).toEqual(before);
  return writes.map(write => {
    if (write.kind !== "update task") throw new Error(write.kind);
    return write.task;
  });
}

/** What is as it was once a decision has been dropped. */
function picture(set: NodeSet) {
  const nodes = [...set.places()].map(({ node, usage }) => [
    node.id,
    usage.tasks,
    usage.nanoCpus,
    usage.ofService("s"),
  ]);
  return { nodes, holders: set.holders("s").size, pending: [...set.pending.ids()] };
}

const pending = (init: ServiceInit, count = 1): Task[] => {
  const service = aService("s", init);
  return Array.from({ length: count }, (_, i) => aTask(service, `t${i}`, { slot: i + 1, state: PENDING }));
};
const placesOf = (tasks: readonly Task[]) => tasks.map(task => task.nodeId).sort();
const gpu = { resource: { case: "discreteResourceSpec", value: { kind: "gpu", value: 1n } } } as const;
const named = (value: string) => ({ resource: { case: "namedResourceSpec", value: { kind: "gpu", value } } }) as const;
const hostPort = [{ targetPort: 80, publishedPort: 80, publishMode: PublishMode.HOST }];
const volume = (driver: string) => ({
  runtime: {
    case: "container" as const,
    value: {
      image: "i",
      mounts: [{ type: MountType.VOLUME, target: "/v", volumeOptions: { driverConfig: { name: driver } } }],
    },
  },
});

describe("each filter", () => {
  it.each<[string, NodeInit, ServiceInit, string]>([
    ["ready: down", { state: NodeState.DOWN }, {}, "1 node not available for new tasks"],
    ["ready: unknown", { state: NodeState.UNKNOWN }, {}, "1 node not available for new tasks"],
    ["ready: paused", { availability: Availability.PAUSE }, {}, "1 node not available for new tasks"],
    [
      "resources: CPUs",
      { cpus: 1 },
      { task: { resources: { reservations: { nanoCpus: 1_000_000_001n } } } },
      "insufficient resources on 1 node",
    ],
    [
      "resources: memory",
      { memory: 99n },
      { task: { resources: { reservations: { memoryBytes: 100n } } } },
      "insufficient resources on 1 node",
    ],
    [
      "resources: generic",
      {},
      { task: { resources: { reservations: { generic: [gpu] } } } },
      "insufficient resources on 1 node",
    ],
    ["plugins", { plugins: [{ type: "Volume", name: "local" }] }, { task: volume("nfs") }, "missing plugin on 1 node"],
    [
      "constraints",
      {},
      { task: { placement: { constraints: ["node.role==manager"] } } },
      "scheduling constraints not satisfied on 1 node",
    ],
    [
      "constraints that cannot be read",
      {},
      { task: { placement: { constraints: ["nonsense"] } } },
      "scheduling constraints not satisfied on 1 node",
    ],
    [
      "platform",
      { arch: "aarch64" },
      { task: { placement: { platforms: [{ os: "linux", architecture: "amd64" }] } } },
      "unsupported platform on 1 node",
    ],
    [
      "cluster volumes",
      {},
      { task: { runtime: { case: "container", value: { mounts: [{ type: MountType.CLUSTER }] } } } },
      "cannot fulfill requested CSI volume mounts on 1 node",
    ],
  ])("turns a node away and says why: %s", (_, node, service, reason) => {
    const [task] = decide(pending(service), [aNode("n", node)]);
    expect(task).toMatchObject({
      nodeId: "",
      status: { state: PENDING, message: "pending task scheduling", err: `no suitable node (${reason})` },
    });
  });

  it.each<[string, NodeInit, ServiceInit]>([
    ["nothing asked", {}, {}],
    ["enough CPUs", { cpus: 1 }, { task: { resources: { reservations: { nanoCpus: 1_000_000_000n } } } }],
    ["its plugin", { plugins: [{ type: "Volume", name: "nfs:latest" }] }, { task: volume("nfs") }],
    ["the local driver", {}, { task: volume("local") }],
    ["a generic resource", { generic: [gpu] }, { task: { resources: { reservations: { generic: [gpu] } } } }],
    ["another spelling", { arch: "x86_64" }, { task: { placement: { platforms: [{ architecture: "amd64" }] } } }],
  ])("lets a node pass: %s", (_, node, service) => {
    const [task] = decide(pending(service), [aNode("n", node)]);
    expect(task).toMatchObject({
      nodeId: "n",
      status: { state: ASSIGNED, message: "scheduler assigned task to node", err: "" },
    });
  });

  it("sees what other tasks hold", () => {
    const [other] = pending({ ports: hostPort, task: { resources: { reservations: { nanoCpus: 3_000_000_000n } } } });
    const there = [{ ...other!, id: "x", nodeId: "n", status: { ...other!.status, state: RUNNING } }];
    const port = decide(pending({ ports: hostPort }), [aNode("n")], there);
    expect(port[0]?.status.err).toBe("no suitable node (host-mode port already in use on 1 node)");
    const cpus = { task: { resources: { reservations: { nanoCpus: 2_000_000_000n } } } };
    const full = decide(pending(cpus), [aNode("n", { cpus: 4 })], there);
    expect(full[0]?.status.err).toBe("no suitable node (insufficient resources on 1 node)");
    const few = decide(pending({ task: { placement: { maxReplicas: 1n } } }), [aNode("n")], there);
    expect(few[0]?.status.err).toBe("no suitable node (max replicas per node limit exceed on 1 node)");
  });
});

describe("a pass", () => {
  it("tells the commonest reason first, and how many nodes it concerns", () => {
    const nodes = [aNode("a", { arch: "s390x" }), aNode("b", { arch: "s390x" }), aNode("c", { state: NodeState.DOWN })];
    const [task] = decide(pending({ task: { placement: { platforms: [{ architecture: "amd64" }] } } }), nodes);
    expect(task?.status.err).toBe(
      "no suitable node (unsupported platform on 2 nodes; 1 node not available for new tasks)",
    );
  });

  it("says no suitable node when there is none at all, and says it once", () => {
    const [task] = decide(pending({}), []);
    expect(task?.status.err).toBe("no suitable node");
    expect(decide([task!], [])).toEqual([]);
  });

  it("spreads a service over the nodes that have fewest of it, then over those with fewest tasks", () => {
    const other = aService("other");
    const there = [aTask(other, "x", { node: "a" }), aTask(aService("s"), "y", { node: "b" })];
    expect(placesOf(decide(pending({}, 1), [aNode("a"), aNode("b"), aNode("c")], there))).toEqual(["c"]);
    expect(placesOf(decide(pending({}, 2), [aNode("a"), aNode("b"), aNode("c")], there))).toEqual(["a", "c"]);
    expect(placesOf(decide(pending({}, 7), [aNode("a"), aNode("b"), aNode("c")]))).toHaveLength(7);
  });

  it("fills nodes up to what they have, and explains the rest", () => {
    const tasks = pending({ task: { resources: { reservations: { nanoCpus: 1_000_000_000n } } } }, 4);
    const decided = decide(tasks, [aNode("a", { cpus: 2 }), aNode("b", { cpus: 1 })]);
    expect(placesOf(decided)).toEqual(["", "a", "a", "b"]);
    expect(decided.find(task => task.nodeId === "")?.status.err).toBe(
      "no suitable node (insufficient resources on 2 nodes)",
    );
  });

  it("gives out named and counted resources", () => {
    const reserving = { task: { resources: { reservations: { generic: [gpu] } } } };
    const byName = decide(pending(reserving, 3), [aNode("a", { generic: [named("one"), named("two")] })]);
    const names = byName.flatMap(task => task.assignedGenericResources.map(({ resource }) => resource.value));
    expect(names).toMatchObject([
      { kind: "gpu", value: "one" },
      { kind: "gpu", value: "two" },
    ]);
    const counted = decide(pending(reserving, 2), [aNode("a", { generic: [gpu] })]);
    expect(placesOf(counted)).toEqual(["", "a"]);
  });

  it("follows placement preferences, one inside the other", () => {
    const spread = (label: string) =>
      ({ Preference: { case: "spread", value: { spreadDescriptor: `node.labels.${label}` } } }) as const;
    const nodes = [
      aNode("a1", { labels: { dc: "a", rack: "1" } }),
      aNode("a2", { labels: { dc: "a", rack: "2" } }),
      aNode("a3", { labels: { dc: "a", rack: "2" } }),
      aNode("b1", { labels: { dc: "b" } }),
    ];
    const byDc = decide(pending({ task: { placement: { preferences: [spread("dc")] } } }, 6), nodes);
    expect(placesOf(byDc)).toEqual(["a1", "a2", "a3", "b1", "b1", "b1"]);
    const byRack = decide(pending({ task: { placement: { preferences: [spread("dc"), spread("rack")] } } }, 8), nodes);
    expect(placesOf(byRack)).toEqual(["a1", "a1", "a2", "a3", "b1", "b1", "b1", "b1"]);
  });

  it("spreads over what engines say of themselves, and over nothing by what is no label", () => {
    const spread = (spreadDescriptor: string) =>
      ({ Preference: { case: "spread", value: { spreadDescriptor } } }) as const;
    const labelled = (id: string, zone: string): Node => {
      const node = aNode(id);
      return {
        ...node,
        description: { ...node.description!, engine: { ...node.description!.engine!, labels: { zone } } },
      };
    };
    const nodes = [labelled("a1", "a"), labelled("a2", "a"), labelled("b1", "b")];
    const over = (descriptor: string) =>
      placesOf(decide(pending({ task: { placement: { preferences: [spread(descriptor)] } } }, 4), nodes));
    expect(over("engine.labels.zone")).toEqual(["a1", "a2", "b1", "b1"]);
    expect(new Set(over("node.hostname")).size).toBe(3);
  });

  it("goes to another branch when one is full", () => {
    const spread = { Preference: { case: "spread", value: { spreadDescriptor: "node.labels.dc" } } } as const;
    const task = { resources: { reservations: { nanoCpus: 1_000_000_000n } }, placement: { preferences: [spread] } };
    const nodes = [aNode("a", { labels: { dc: "a" }, cpus: 1 }), aNode("b", { labels: { dc: "b" }, cpus: 4 })];
    expect(placesOf(decide(pending({ task }, 4), nodes))).toEqual(["a", "b", "b", "b"]);
  });

  it("comes last to a node where the service failed five times in five minutes", () => {
    const [task] = pending({});
    const fail = (count: number, at: number) =>
      Array.from({ length: count }, (_, i) =>
        aTask(aService("s"), `f${at}-${i}`, { node: "a", state: FAILED, since: at }),
      );
    const few = [...fail(4, now - 1_000), ...fail(9, now - 300_000)];
    const busy = Array.from({ length: 3 }, (_, i) => aTask(aService("s"), `x${i}`, { node: "b" }));
    expect(placesOf(decide([task!], [aNode("a"), aNode("b")], [...busy, ...few]))).toEqual(["a"]);
    const many = [...few, ...fail(1, now - 2_000)];
    expect(placesOf(decide([task!], [aNode("a"), aNode("b")], [...busy, ...many]))).toEqual(["b"]);
    expect(placesOf(decide([task!], [aNode("a")], many))).toEqual(["a"]);
  });

  it("confirms a global service's task on its node, or says why not", () => {
    const service = aService("g", { replicas: undefined, ports: hostPort });
    const task = aTask(service, "t", { slot: 0, node: "a", state: PENDING });
    expect(decide([task], [aNode("a"), aNode("b")])).toMatchObject([
      { nodeId: "a", status: { state: ASSIGNED, message: "scheduler confirmed task can run on preassigned node" } },
    ]);
    const there = [aTask(aService("other", { ports: hostPort }), "x", { node: "a" })];
    expect(decide([task], [aNode("a")], there)).toMatchObject([
      { nodeId: "a", status: { state: PENDING, err: "host-mode port already in use on 1 node" } },
    ]);
    expect(decide([task], [aNode("b")])).toEqual([]);
  });
});
