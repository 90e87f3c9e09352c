import { beforeEach, describe, expect, it } from "vitest";
import { asFault } from "../lib/fault.ts";
import { sampleTask } from "../sim/samples.ts";
import type { AssignmentsMessage, SessionMessage } from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { NodeSpec_Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { NodeRole, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { ManagerWorld, managerAddress, sampleCluster } from "./dispatcher.test-kit.ts";

/** Reads a stream in the background: what has come, and how it ended. */
class Reader<T> {
  readonly seen: T[] = [];
  ended: string | undefined;

  constructor(stream: AsyncIterable<T>) {
    void this.#read(stream);
  }

  get last(): T | undefined {
    return this.seen.at(-1);
  }

  async #read(stream: AsyncIterable<T>): Promise<void> {
    try {
      for await (const item of stream) this.seen.push(item);
      this.ended = "end";
    } catch (error) {
      const { code, message } = asFault(error);
      this.ended = `${code}: ${message}`;
    }
  }
}

let world: ManagerWorld;

beforeEach(async () => {
  world = new ManagerWorld();
  await world.start(["n1", "n2"]);
});

async function join(nodeId: string, request: { sessionId?: string; hostname?: string } = {}) {
  const client = world.client(nodeId);
  const { sessionId = "", hostname = nodeId } = request;
  const session = new Reader<SessionMessage>(client.session({ sessionId, description: { hostname } }));
  await world.clock.advance(0);
  return { client, session, sessionId: session.seen[0]?.sessionId ?? "" };
}

const node = (id: string) => world.store.view(tx => tx.node.get(id))!;
const task = (id: string) => world.store.view(tx => tx.task.get(id))!;

async function assign(id: string, nodeId: string): Promise<void> {
  const assigned = sampleTask(id, undefined, { nodeId, status: { state: TaskState.ASSIGNED } });
  await world.store.update(tx => tx.task.create(assigned));
}

describe("a session", () => {
  it("makes the node ready, with its address and description", async () => {
    const { session, sessionId } = await join("n1", { hostname: "one" });
    expect(world.stateOf("n1")).toBe("READY");
    expect(node("n1").status.addr).toBe("n1");
    expect(node("n1").description?.hostname).toBe("one");
    expect(sessionId).toMatch(/^[0-9a-z]{25}$/);
    const [message] = session.seen;
    expect(message?.node?.id).toBe("n1");
    expect(message?.managers.map(each => each.peer?.addr)).toEqual([managerAddress]);
    expect(Buffer.from(message?.RootCA ?? []).toString()).toBe("root certificate");
  });

  it("is counted, with its heartbeats, and whether it ended for want of them", async () => {
    const { client, sessionId } = await join("n1");
    await join("n2");
    void client.heartbeat({ sessionId }).catch(() => {});
    await world.clock.advance(60_000);
    await world.stopLeading();
    expect(world.measured).toEqual([
      ...["sessions 1", "sessions 2", "heartbeat"],
      ...["sessions 1", "lost", "sessions 0", "lost"],
    ]);
  });

  it("is refused to nodes that are not in the swarm, and to those that were removed from it", async () => {
    expect((await join("stranger")).session.ended).toBe("not_found: node not found");
    await world.store.update(tx => {
      const cluster = tx.cluster.get("cluster")!;
      const expiry = { $typeName: "docker.swarmkit.v1.BlacklistedCertificate" } as const;
      tx.cluster.update({ ...cluster, blacklistedCertificates: { n2: expiry } });
    });
    expect((await join("n2")).session.ended).toBe("permission_denied: node n2 was removed from the swarm");
  });

  it("tells news of the node and the managers, and nothing else", async () => {
    const { session } = await join("n1");
    await world.store.update(tx => {
      const found = tx.node.get("n1")!;
      return tx.node.update({ ...found, status: { ...found.status, message: "its own" } });
    });
    await world.clock.advance(1_000);
    expect(session.seen).toHaveLength(1);
    await world.store.update(tx => {
      const found = tx.node.get("n1")!;
      const spec = { ...found.spec, availability: NodeSpec_Availability.DRAIN, desiredRole: NodeRole.MANAGER };
      return tx.node.update({ ...found, spec });
    });
    await world.clock.advance(0);
    expect(session.seen).toHaveLength(2);
    expect(session.last?.node?.spec?.desiredRole).toBe(NodeRole.MANAGER);
  });

  it("writes nothing when a node comes back as it was", async () => {
    const { sessionId, client } = await join("n1");
    const before = world.store.version;
    const again = new Reader(client.session({ sessionId, description: { hostname: "n1" } }));
    await world.clock.advance(0);
    expect(again.last?.sessionId).toBe(sessionId);
    expect(world.store.version).toBe(before);
  });

  it("takes the place of the node's earlier one", async () => {
    const first = await join("n1");
    const second = await join("n1");
    expect(first.session.ended).toMatch(/^aborted/);
    expect(second.sessionId).not.toBe(first.sessionId);
    await expect(first.client.heartbeat({ sessionId: first.sessionId })).rejects.toMatchObject({
      code: "invalid_argument",
      message: "session invalid",
    });
  });

  it("can be had three times in eight seconds", async () => {
    for (let count = 0; count < 3; count++) expect((await join("n1")).session.ended).toBeUndefined();
    expect((await join("n1")).session.ended).toBe("unavailable: node n1 exceeded rate limit count of registrations");
    await world.clock.advance(8_000);
    expect((await join("n1")).session.ended).toBeUndefined();
  });

  it("ends when the node is removed", async () => {
    const { session, client, sessionId } = await join("n1");
    await world.store.update(tx => tx.node.remove("n1"));
    await world.clock.advance(0);
    expect(session.ended).toBe("permission_denied: node n1 was removed from the swarm");
    await expect(client.heartbeat({ sessionId })).rejects.toMatchObject({ code: "not_found" });
    await world.clock.advance(60_000);
    expect(world.stateOf("n1")).toBeUndefined();
  });

  it("ends with unavailable when the manager no longer leads", async () => {
    const { session, client, sessionId } = await join("n1");
    world.dispatcher.stop();
    await world.clock.advance(0);
    expect(session.ended).toBe("unavailable: dispatcher is stopped");
    await expect(client.heartbeat({ sessionId })).rejects.toMatchObject({ code: "unavailable" });
    await world.clock.advance(60_000);
    expect(world.stateOf("n1")).toBe("READY");
  });
});

describe("heartbeats", () => {
  it("keep a node up; after three that are missed it is down", async () => {
    const { client, session, sessionId } = await join("n1");
    for (let count = 0; count < 5; count++) {
      await world.clock.advance(5_000);
      expect((await client.heartbeat({ sessionId })).period?.seconds).toBe(5n);
    }
    await world.clock.advance(14_999);
    expect(world.stateOf("n1")).toBe("READY");
    await world.clock.advance(1);
    expect(world.stateOf("n1")).toBe("DOWN heartbeat failure");
    expect(session.ended).toBe("not_found: node not registered");
    await expect(client.heartbeat({ sessionId })).rejects.toMatchObject({ message: "node not registered" });
    await join("n1");
    expect(world.stateOf("n1")).toBe("READY");
  });

  it("follow the cluster's period at once", async () => {
    const { client, sessionId } = await join("n1");
    await world.store.update(tx => {
      const { spec } = sampleCluster(1_000);
      return tx.cluster.update({ ...tx.cluster.get("cluster")!, spec });
    });
    expect((await client.heartbeat({ sessionId })).period?.seconds).toBe(1n);
    await world.clock.advance(2_999);
    expect(world.stateOf("n1")).toBe("READY");
    await world.clock.advance(1);
    expect(world.stateOf("n1")).toBe("DOWN heartbeat failure");
  });

  it("are owed to a new leader too: nodes are unknown, then down unless they come", async () => {
    await join("n1");
    await join("n2");
    await world.stopLeading();
    await world.lead();
    const unknown = 'UNKNOWN Node moved to "unknown" state due to leadership change in cluster';
    expect([world.stateOf("n1"), world.stateOf("n2")]).toEqual([unknown, unknown]);
    const { client, sessionId } = await join("n1");
    await world.clock.advance(10_000);
    await client.heartbeat({ sessionId });
    await world.clock.advance(5_000);
    expect(world.stateOf("n1")).toBe("READY");
    expect(world.stateOf("n2")).toBe('DOWN heartbeat failure for node in "unknown" state');
  });

  it("that are missed for a day cost the node its tasks", async () => {
    await join("n1");
    await assign("a", "n1");
    await world.clock.advance(15_000 + 24 * 3_600_000 - 1);
    expect(task("a").status.state).toBe(TaskState.ASSIGNED);
    await world.clock.advance(1);
    expect(task("a").status.state).toBe(TaskState.ORPHANED);
  });

  it("that are missed are written later when they cannot be written now", async () => {
    await join("n1");
    world.store.proposer.setLeader(false);
    await world.clock.advance(16_000);
    expect(world.stateOf("n1")).toBe("READY");
    world.store.proposer.setLeader(true);
    await world.clock.advance(5_000);
    expect(world.stateOf("n1")).toBe("DOWN heartbeat failure");
  });
});

describe("assignments", () => {
  const ids = (message: AssignmentsMessage | undefined) =>
    message?.changes.map(each => each.assignment?.item.value?.id).sort();

  it("come complete first, then as numbered changes, gathered for 100 ms", async () => {
    await assign("a", "n1");
    await assign("other", "n2");
    const { client, sessionId } = await join("n1");
    const stream = new Reader<AssignmentsMessage>(client.assignments({ sessionId }));
    await world.clock.advance(0);
    expect(stream.seen).toMatchObject([{ type: 0, appliesTo: "", resultsIn: "1" }]);
    expect(ids(stream.last)).toEqual(["a"]);
    await assign("b", "n1");
    await world.clock.advance(0);
    expect(stream.last).toMatchObject({ type: 1, appliesTo: "1", resultsIn: "2" });
    for (const id of ["c", "d", "e"]) await assign(id, "n1");
    await world.clock.advance(99);
    expect(stream.seen).toHaveLength(2);
    await world.clock.advance(1);
    expect(stream.last).toMatchObject({ type: 1, appliesTo: "2", resultsIn: "3" });
    expect(ids(stream.last)).toEqual(["c", "d", "e"]);
    await world.clock.advance(10_000);
    expect(stream.seen).toHaveLength(3);
  });

  it("are for the holder of the session alone", async () => {
    const { sessionId } = await join("n1");
    const stream = new Reader(world.client("n2").assignments({ sessionId }));
    await world.clock.advance(0);
    expect(stream.seen).toEqual([]);
    expect(stream.ended).toBe("not_found: node not registered");
  });

  it("come as whole lists to agents that ask so", async () => {
    await assign("a", "n1");
    const { client, sessionId } = await join("n1");
    const stream = new Reader(client.tasks({ sessionId }));
    await world.clock.advance(0);
    await assign("b", "n1");
    await world.clock.advance(100);
    expect(stream.seen.map(message => message.tasks.map(each => each.id).sort())).toEqual([["a"], ["a", "b"]]);
  });

  it("end with the session, and leave nothing waiting", async () => {
    const { client, sessionId } = await join("n1");
    const stream = new Reader(client.assignments({ sessionId }));
    await world.clock.advance(20_000);
    expect(stream.ended).toBe("not_found: node not registered");
  });
});

describe("task statuses", () => {
  const report = (taskId: string, state: TaskState, message = "") => ({ taskId, status: { state, message } });

  it("are stored with who wrote them, and never go down", async () => {
    const { client, sessionId } = await join("n1");
    await assign("a", "n1");
    await client.updateTaskStatus({ sessionId, updates: [report("a", TaskState.RUNNING, "started")] });
    expect(task("a").status).toMatchObject({ state: TaskState.RUNNING, message: "started", appliedBy: "manager" });
    expect(task("a").status.appliedAt).toBeDefined();
    const version = world.store.version;
    await world.clock.advance(1_000);
    const late = client.updateTaskStatus({
      sessionId,
      updates: [report("a", TaskState.PREPARING), report("a", TaskState.RUNNING, "started"), report("gone", 512)],
    });
    await world.clock.advance(100);
    await late;
    expect(world.store.version).toBe(version);
    expect(task("a").status.state).toBe(TaskState.RUNNING);
  });

  it("are refused for other nodes' tasks, all of them", async () => {
    const { client, sessionId } = await join("n1");
    await assign("a", "n1");
    await assign("b", "n2");
    const updates = [report("a", TaskState.RUNNING), report("b", TaskState.RUNNING)];
    await expect(client.updateTaskStatus({ sessionId, updates })).rejects.toMatchObject({ code: "permission_denied" });
    await world.clock.advance(1_000);
    expect([task("a").status.state, task("b").status.state]).toEqual([TaskState.ASSIGNED, TaskState.ASSIGNED]);
  });

  it("cannot be states that only managers give", async () => {
    const { client, sessionId } = await join("n1");
    await assign("a", "n1");
    await client.updateTaskStatus({
      sessionId,
      updates: [report("a", TaskState.ORPHANED), report("a", TaskState.REMOVE)],
    });
    expect(task("a").status.state).toBe(TaskState.ASSIGNED);
  });

  it("of a thousand tasks take a handful of writes", async () => {
    const { client, sessionId } = await join("n1");
    const names = Array.from({ length: 1_000 }, (_, i) => `t${i}`);
    await world.store.update(tx => {
      for (const id of names)
        tx.task.create(sampleTask(id, undefined, { nodeId: "n1", status: { state: TaskState.ASSIGNED } }));
    });
    const version = world.store.version;
    const proposals = world.store.proposer.batchSizes.length;
    const calls = names.map(id => client.updateTaskStatus({ sessionId, updates: [report(id, TaskState.RUNNING)] }));
    await world.clock.advance(200);
    await Promise.all(calls);
    expect(names.every(id => task(id).status.state === TaskState.RUNNING)).toBe(true);
    expect(Number(world.store.version - version)).toBeLessThanOrEqual(6);
    expect(world.store.proposer.batchSizes.length - proposals).toBeLessThanOrEqual(6);
  });

  it("are rejected while they cannot be stored", async () => {
    const { client, sessionId } = await join("n1");
    await assign("a", "n1");
    world.store.proposer.setLeader(false);
    const update = client.updateTaskStatus({ sessionId, updates: [report("a", TaskState.RUNNING)] });
    await expect(update).rejects.toMatchObject({ code: "unavailable" });
  });
});
