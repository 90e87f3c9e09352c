import { afterEach, describe, expect, it } from "vitest";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  NodeStatus_State as NodeState,
  PortConfig_PublishMode as PublishMode,
  TaskState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aNode, aService, type NodeInit } from "./objects.test-kit.ts";
import { World } from "./world.test-kit.ts";

const three: Record<string, NodeInit> = { n1: {}, n2: {}, n3: {} };
let world: World;
afterEach(() => world.end());

async function make(nodes: Record<string, NodeInit>): Promise<World> {
  world = await World.make(nodes);
  return world;
}

describe("replicas", () => {
  it("are spread over the nodes", async () => {
    await make(three);
    await world.create(aService("web", { replicas: 5 }));
    const took = await world.until(() => world.running("web").length === 5, "running");
    expect(world.balance("web")).toEqual([2, 2, 1]);
    expect(world.running("web").map(task => Number(task.slot))).toEqual([1, 2, 3, 4, 5]);
    expect(took).toBeLessThan(500);
  });

  it("stay balanced when scaled down, and the slots given up are gone", async () => {
    await make(three);
    await world.create(aService("web", { replicas: 10 }));
    await world.until(() => world.running("web").length === 10, "running");
    await world.scale("web", 3);
    await world.until(() => world.tasks("web").length === 3, "scaled down");
    expect(world.balance("web")).toEqual([1, 1, 1]);
    expect(world.service("web").updateStatus).toBeUndefined();
  });

  it("are not restarted by a change of replicas or labels", async () => {
    await make(three);
    await world.create(aService("web", { replicas: 3 }));
    await world.until(() => world.running("web").length === 3, "running");
    const before = world.running("web").map(task => task.id);
    await world.scale("web", 4);
    await world.update("web", spec => ({ ...spec, annotations: { ...spec.annotations, labels: { a: "b" } } }));
    await world.until(() => world.running("web").length === 4, "scaled up");
    await world.clock.advance(120_000);
    expect(world.tasks("web").map(task => task.id)).toEqual(expect.arrayContaining(before));
    expect(world.tasks("web").length).toBe(4);
    expect(world.service("web").updateStatus).toBeUndefined();
  });

  it("move from a node that goes down; when it comes back its old tasks are shut down", async () => {
    await make(three);
    await world.create(aService("web", { replicas: 6 }));
    await world.until(() => world.running("web").length === 6, "running");
    await world.setNodeState("n1", NodeState.DOWN);
    const elsewhere = () => world.running("web").filter(task => task.nodeId !== "n1");
    const took = await world.until(() => elsewhere().length === 6, "moved");
    expect(took).toBeLessThan(500);
    expect(world.balance("web")).toEqual([3, 3]);
    const stranded = world.tasks("web").filter(task => task.nodeId === "n1");
    expect(stranded.map(task => task.desiredState)).toEqual([TaskState.SHUTDOWN, TaskState.SHUTDOWN]);
    await world.setNodeState("n1", NodeState.READY);
    const onFirst = () => world.tasks("web").filter(task => task.nodeId === "n1");
    await world.until(() => onFirst().every(task => task.status.state === TaskState.SHUTDOWN), "shut down");
    await world.clock.advance(60_000);
    expect(world.balance("web")).toEqual([3, 3]);
  });

  it("leave a drained node only when they have stopped, and do not come to a paused one", async () => {
    await make(three);
    world.agents.stopMs = 3_000;
    await world.create(aService("web", { replicas: 6 }));
    await world.until(() => world.running("web").length === 6, "running");
    await world.setAvailability("n2", Availability.PAUSE);
    await world.clock.advance(1_000);
    expect(world.running("web").length).toBe(6);
    await world.setAvailability("n1", Availability.DRAIN);
    const took = await world.until(() => world.running("web").length === 6, "moved");
    expect(took).toBeGreaterThanOrEqual(3_000);
    expect(took).toBeLessThan(4_000);
    expect(world.running("web").filter(task => task.nodeId === "n2").length).toBe(2);
    expect(world.running("web").filter(task => task.nodeId === "n3").length).toBe(4);
  });

  it("say why they wait", async () => {
    await make({ n1: {}, n2: {}, n3: { availability: Availability.PAUSE } });
    await world.create(
      aService("web", { replicas: 2, task: { placement: { constraints: ["node.labels.disk==ssd"] } } }),
    );
    const errors = () => world.tasks("web").map(task => task.status.err);
    const reason =
      "no suitable node (scheduling constraints not satisfied on 2 nodes; 1 node not available for new tasks)";
    await world.until(() => errors().filter(err => err === reason).length === 2, "explained");
    expect(world.tasks("web").map(task => task.status.message)).toEqual(Array(2).fill("pending task scheduling"));
    await world.changeNode("n2", node => ({
      ...node,
      spec: { ...node.spec, annotations: { ...node.spec.annotations, labels: { disk: "ssd" } } },
    }));
    await world.until(() => world.running("web").length === 2, "running");
    expect(world.running("web").map(task => [task.nodeId, task.status.err])).toEqual([
      ["n2", ""],
      ["n2", ""],
    ]);
  });

  it("wait until what they reserve is free", async () => {
    await make({ n1: { cpus: 2 }, n2: { cpus: 1 } });
    const oneCpu = { resources: { reservations: { nanoCpus: 1_000_000_000n } } };
    await world.create(aService("web", { replicas: 4, task: oneCpu }));
    await world.until(() => world.running("web").length === 3, "running");
    await world.clock.advance(1_000);
    const waiting = world.tasks("web").filter(task => task.status.state === TaskState.PENDING);
    expect(waiting.map(task => task.status.err)).toEqual(["no suitable node (insufficient resources on 2 nodes)"]);
    await world.store.update(tx => tx.node.create(aNode("n3", { cpus: 1 })));
    await world.until(() => world.running("web").length === 4, "running");
    expect(world.balance("web")).toEqual([2, 1, 1]);
  });

  it("wait for a host port that is in use", async () => {
    await make({ n1: {}, n2: {} });
    const ports = [{ targetPort: 80, publishedPort: 8080, publishMode: PublishMode.HOST }];
    await world.create(aService("web", { replicas: 3, ports }));
    await world.until(() => world.running("web").length === 2, "running");
    await world.clock.advance(1_000);
    expect(world.balance("web")).toEqual([1, 1]);
    expect(world.tasks("web").map(task => task.status.err)).toContain(
      "no suitable node (host-mode port already in use on 2 nodes)",
    );
    await world.store.update(tx => tx.node.create(aNode("n3")));
    await world.until(() => world.running("web").length === 3, "running");
  });

  it("are all removed with their service, also from dead nodes", async () => {
    await make(three);
    world.agents.stopMs = 1_000;
    await world.create(aService("web", { replicas: 6 }));
    await world.create(aService("stuck", { task: { placement: { constraints: ["node.id==none"] } } }));
    await world.until(() => world.running("web").length === 6, "running");
    await world.setNodeState("n1", NodeState.DOWN);
    await world.remove("web");
    await world.remove("stuck");
    await world.until(() => world.tasks("web").length === 0 && world.tasks("stuck").length === 0, "removed");
  });

  it("of a removed node are given up and replaced", async () => {
    await make(three);
    await world.create(aService("web", { replicas: 3 }));
    await world.until(() => world.running("web").length === 3, "running");
    await world.store.update(tx => tx.node.remove("n1"));
    await world.until(() => world.running("web").filter(task => task.nodeId !== "n1").length === 3, "replaced");
    const lost = world.tasks("web").filter(task => task.nodeId === "n1");
    expect(lost.map(task => task.status.state)).toEqual([TaskState.ORPHANED]);
  });

  it("of a node that stays down are orphaned after a day", async () => {
    await make(three);
    await world.create(aService("web", { replicas: 3 }));
    await world.until(() => world.running("web").length === 3, "running");
    await world.setNodeState("n1", NodeState.DOWN);
    world.agents.stop();
    await world.clock.advance(23 * 3_600_000);
    const lost = () => world.tasks("web").filter(task => task.nodeId === "n1");
    expect(lost().map(task => task.status.state)).toEqual([TaskState.RUNNING]);
    await world.clock.advance(3_660_000);
    expect(lost().map(task => task.status.state)).toEqual([TaskState.ORPHANED]);
  });

  it("are turned away from a node that no longer meets their constraints", async () => {
    await make({ n1: { labels: { disk: "ssd" } }, n2: { labels: { disk: "ssd" } } });
    await world.create(
      aService("web", { replicas: 2, task: { placement: { constraints: ["node.labels.disk==ssd"] } } }),
    );
    await world.until(() => world.running("web").length === 2, "running");
    await world.changeNode("n1", node => ({
      ...node,
      spec: { ...node.spec, annotations: { ...node.spec.annotations, labels: {} } },
    }));
    await world.until(() => world.balance("web")[0] === 2, "moved");
    const rejected = world.tasks("web").filter(task => task.nodeId === "n1");
    expect(rejected.map(task => [task.status.state, task.status.err])).toEqual([
      [TaskState.REJECTED, "assigned node no longer meets constraints"],
    ]);
  });

  it("are scheduled by the thousand", async () => {
    const nodes = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`n${i}`, {}]));
    await make(nodes);
    await world.create(aService("web", { replicas: 2_000 }));
    await world.until(() => world.running("web").length === 2_000, "running", 5_000);
    expect(new Set(world.balance("web"))).toEqual(new Set([40]));
  });
});

describe("a global service", () => {
  it("has one task on each node that suits it, now and later", async () => {
    await make({ n1: {}, n2: {}, n3: { arch: "aarch64" }, n4: { availability: Availability.DRAIN } });
    const placement = { platforms: [{ os: "linux", architecture: "amd64" }] };
    await world.create(aService("agent", { replicas: undefined, task: { placement } }));
    const places = () =>
      world
        .running("agent")
        .map(task => task.nodeId)
        .sort();
    await world.until(() => places().length === 2, "running");
    expect(places()).toEqual(["n1", "n2"]);
    await world.store.update(tx => tx.node.create(aNode("n5")));
    await world.setAvailability("n1", Availability.DRAIN);
    await world.setAvailability("n4", Availability.ACTIVE);
    await world.until(() => places().join() === "n2,n4,n5", "moved");
    await world.setAvailability("n1", Availability.ACTIVE);
    await world.until(() => places().join() === "n1,n2,n4,n5", "back");
    await world.setNodeState("n2", NodeState.DOWN);
    await world.until(() => places().join() === "n1,n4,n5", "down");
    expect(world.tasks("agent").some(task => task.slot !== 0n)).toBe(false);
  });

  it("says why it does not run on a node, and restarts in place", async () => {
    await make({ n1: { cpus: 1 }, n2: { cpus: 4 } });
    const twoCpus = { resources: { reservations: { nanoCpus: 2_000_000_000n } } };
    world.agents.behaviourOf = () => ({ kind: "ends", afterMs: 1_000, state: TaskState.FAILED });
    await world.create(aService("agent", { replicas: undefined, task: twoCpus }));
    await world.until(() => world.tasks("agent").some(task => task.status.err !== ""), "explained");
    const waiting = world.tasks("agent").find(task => task.nodeId === "n1");
    expect(waiting?.status.err).toBe("insufficient resources on 1 node");
    const onSecond = () => world.tasks("agent").filter(task => task.nodeId === "n2");
    await world.until(() => onSecond().length === 3, "restarted twice");
  });
});
