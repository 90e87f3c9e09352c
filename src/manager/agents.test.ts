import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { operator } from "../sim/operator.ts";
import { NodeStatus_State as State, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { TestManagers, type TestWorker } from "./managers.test-kit.ts";

/* Agents are served by the leader, whichever manager they know. */

let swarm: TestManagers;
let workers: TestWorker[];

beforeEach(async () => {
  swarm = await TestManagers.start(3, 0, ["w1", "w2"]);
  workers = [await swarm.work("w1", swarm.all[1]!), await swarm.work("w2", swarm.all[2]!)];
  await swarm.until(() => workers.every(({ worker }) => worker.link().connected));
  for (const { machine } of workers) machine.images.set("says", { stdout: ["hello"] });
});
afterEach(async () => {
  await swarm.stop();
  await swarm.clock.advance(5_000);
  expect([swarm.network.calls, swarm.clock.pending]).toEqual([0, 0]);
});

const nodeOf = (nodeId: string) => swarm.leader.manager.view(tx => tx.node.get(nodeId)!);
const running = () =>
  swarm.leader.manager.view(tx => [...tx.task.all()].filter(task => task.status.state === TaskState.RUNNING));
const create = (replicas: number) =>
  swarm.settled(operator.create(swarm.all[2]!.control, { name: "web", image: "says", replicas }));

describe("agents that know followers", () => {
  it("have sessions, each as who it is and from where it is, and are told of all managers", async () => {
    for (const { nodeId, host, worker } of workers) {
      expect(nodeOf(nodeId).status).toMatchObject({ state: State.READY, addr: host });
      const known = worker.managers().map(manager => [manager.nodeId, manager.address]);
      expect(known.sort()).toEqual(swarm.all.map(({ self, address }) => [self.nodeId, address]));
    }
  });

  it("run what is assigned, and their statuses and logs come back", async () => {
    await create(4);
    await swarm.until(() => running().length === 4);
    expect(workers.map(({ machine }) => machine.containers.size)).toEqual([2, 2]);
    const { services } = await swarm.settled(swarm.all[1]!.control.listServices({}));
    const selector = { serviceIds: [services[0]!.id] };
    const lines: string[] = [];
    const read = async () => {
      for await (const { messages } of swarm.all[1]!.manager.logs.subscribeLogs({ selector, options: {} }))
        for (const { data } of messages) lines.push(Buffer.from(data).toString().trim());
    };
    await swarm.settled(read());
    expect(lines).toEqual(["hello", "hello", "hello", "hello"]);
  });

  it("are not taken for lost when the leader dies, and no task is started anew", async () => {
    await create(4);
    await swarm.until(() => running().length === 4);
    const before = running()
      .map(({ id }) => id)
      .sort();
    swarm.leader.kill();
    await swarm.until(() => swarm.up.some(({ leads }) => leads));
    await swarm.until(() => workers.every(({ nodeId }) => nodeOf(nodeId).status.state === State.READY), 5_000);
    await swarm.settled(operator.scale(swarm.followers[0]!.control, "web", 6));
    await swarm.until(() => running().length === 6);
    await swarm.clock.advance(60_000);
    const after = running().map(({ id }) => id);
    expect(after).toEqual(expect.arrayContaining(before));
    expect(after.length).toBe(6);
  });

  it("that do not come back are down after their grace", async () => {
    await create(2);
    await swarm.until(() => running().length === 2);
    const [first] = workers;
    const others = swarm.all.map(({ host }) => host);
    for (const host of others) swarm.network.partition(first!.host, host);
    swarm.leader.kill();
    await swarm.until(() => swarm.up.some(({ leads }) => leads));
    expect(nodeOf("w1").status.state).not.toBe(State.DOWN);
    await swarm.until(() => nodeOf("w1").status.state === State.DOWN, 30_000);
    await swarm.until(() => running().filter(({ nodeId }) => nodeId === "w2").length === 2);
    for (const host of others) swarm.network.heal(first!.host, host);
    await swarm.until(() => nodeOf("w1").status.state === State.READY);
  });

  it("hear of a new manager, and of one that is none any more", async () => {
    const known = () => workers.map(({ worker }) => worker.managers().length);
    swarm.all[0]!.kill();
    await swarm.until(() => swarm.up.some(({ leads }) => leads));
    await swarm.until(() => known().every(count => count === 3));
    await swarm.settled(swarm.leader.manager.consensus.removeMember("m1"));
    await swarm.until(() => known().every(count => count === 2), 5_000);
  });
});
