import { afterEach, describe, expect, it } from "vitest";
import type { SimHost } from "../../src/sim/host.ts";
import type { SimProgram } from "../../src/sim/machine.ts";
import { operator } from "../../src/sim/operator.ts";
import { SimSwarm } from "../../src/sim/swarm.ts";
import { NodeSpec_Availability as Availability } from "../../src/wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { NodeStatus_State as NodeState, TaskState } from "../../src/wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Heartbeats are sent every 5 s, spread by a tenth; a node that misses three is down. */
const shortestSilenceMs = 3 * 4_500;
const longestSilenceMs = 3 * 5_500;
const longestPeriodMs = 5_500;

let swarm: SimSwarm;

/** A manager and three workers; eight replicas of "web", two on each. */
async function begin(program: SimProgram = {}): Promise<SimHost> {
  swarm = await SimSwarm.start();
  for (const { machine } of swarm.hosts) machine.images.set("sleep", program);
  await swarm.ask(api => operator.create(api, { name: "web", image: "sleep", replicas: 8 }));
  await swarm.until(() => swarm.running("web").length === 8, "web runs");
  expect(swarm.hosts.map(host => containersOn(host).length)).toEqual([2, 2, 2, 2]);
  return swarm.workers[0]!;
}

afterEach(async () => {
  await swarm.stop();
  // What is on its way arrives.
  await swarm.clock.advance(1_000);
  expect([swarm.network.calls, swarm.clock.pending]).toEqual([0, 0]);
});

/** Ids of the tasks whose containers run on the host, whatever the manager thinks. */
function containersOn({ machine }: SimHost): string[] {
  const running = [...machine.containers.values()].filter(({ instance }) => instance.state === "running");
  return running.map(({ instance }) => instance.taskId).sort();
}

const allContainers = (): string[] => swarm.hosts.flatMap(containersOn).sort();
const tasksOn = (host: SimHost) => swarm.running("web").filter(task => task.nodeId === host.self.nodeId);
const isDown = (host: SimHost): boolean => swarm.node(host).status.state === NodeState.DOWN;
const ids = (tasks: readonly { id: string }[]): string[] => tasks.map(task => task.id).sort();

describe("a node", () => {
  it("that loses power is down after three missed heartbeats, and its tasks run elsewhere within a second", async () => {
    const lost = await begin();
    swarm.cutPower(lost);
    const downAfter = await swarm.until(() => isDown(lost), "down");
    expect(downAfter).toBeGreaterThan(shortestSilenceMs - longestPeriodMs);
    expect(downAfter).toBeLessThanOrEqual(longestSilenceMs + 50);
    const movedAfter = await swarm.until(() => swarm.running("web").length === 8, "moved");
    expect(movedAfter).toBeLessThan(1_000);
    expect(tasksOn(lost)).toEqual([]);
    expect(allContainers()).toEqual(ids(swarm.running("web")));
    swarm.heal(lost);
    swarm.startHost(lost);
    await swarm.until(() => swarm.node(lost).status.state === NodeState.READY, "back");
    await swarm.clock.advance(10_000);
    // What moved away does not come back, and nothing of it is left.
    expect(tasksOn(lost)).toEqual([]);
    expect(containersOn(lost)).toEqual([]);
    expect(allContainers()).toEqual(ids(swarm.running("web")));
  });

  it("keeps its tasks while its daemon is restarted", async () => {
    const restarted = await begin();
    const before = swarm.tasks("web");
    const containers = restarted.machine.containers.size;
    restarted.kill();
    await swarm.clock.advance(3_000);
    expect(containersOn(restarted).length).toBe(2);
    swarm.startHost(restarted);
    await swarm.until(() => restarted.worker?.link().connected === true, "connected");
    await swarm.clock.advance(60_000);
    expect(swarm.tasks("web")).toEqual(before);
    expect(restarted.machine.containers.size).toBe(containers);
    expect(restarted.machine.operations.filter(operation => operation.startsWith("start")).length).toBe(2);
  });

  it("keeps its tasks while its daemon is stopped and started", async () => {
    const restarted = await begin();
    const before = swarm.tasks("web");
    await swarm.settled(restarted.stop());
    await swarm.clock.advance(3_000);
    swarm.startHost(restarted);
    await swarm.clock.advance(60_000);
    expect(swarm.tasks("web")).toEqual(before);
    expect(ids(tasksOn(restarted))).toEqual(containersOn(restarted));
  });

  it("that is cut off for a minute has its tasks replaced; when it is back the old ones are shut down", async () => {
    const away = await begin();
    const old = ids(tasksOn(away));
    swarm.partition(away);
    await swarm.until(() => isDown(away), "down", longestSilenceMs + 50);
    await swarm.until(() => swarm.running("web").length === 8, "replaced", 1_000);
    await swarm.clock.advance(40_000);
    // It goes on alone: ten containers for eight replicas.
    expect(containersOn(away)).toEqual(old);
    expect(allContainers().length).toBe(10);
    swarm.heal(away);
    await swarm.until(() => swarm.node(away).status.state === NodeState.READY, "back", 10_000);
    await swarm.until(() => containersOn(away).length === 0, "shut down", 1_000);
    await swarm.clock.advance(5_000);
    expect(allContainers()).toEqual(ids(swarm.running("web")));
    const ended = swarm.tasks("web").filter(task => old.includes(task.id));
    expect(ended.map(task => task.status.state)).toEqual([TaskState.SHUTDOWN, TaskState.SHUTDOWN]);
  });

  it("that is cut off for a moment keeps its tasks", async () => {
    const away = await begin();
    const before = swarm.tasks("web");
    swarm.partition(away);
    await swarm.clock.advance(6_000);
    swarm.heal(away);
    await swarm.clock.advance(60_000);
    expect(swarm.tasks("web")).toEqual(before);
    expect(isDown(away)).toBe(false);
  });

  it("that is far away works as well", async () => {
    const far = await begin();
    swarm.delay(far, 400);
    await swarm.clock.advance(60_000);
    expect(isDown(far)).toBe(false);
    far.machine.exit(tasksOn(far)[0]!.id, 1);
    await swarm.until(() => swarm.running("web").length === 7, "noticed", 1_000);
    await swarm.until(() => swarm.running("web").length === 8, "replaced", 5_000 + 4_000);
  });

  it("that is drained has each task moved as soon as its container has ended", async () => {
    const drained = await begin({ stopMs: 3_000 });
    const { nodeId } = drained.self;
    await swarm.ask(api => operator.setAvailability(api, nodeId, Availability.DRAIN));
    await swarm.clock.advance(2_900);
    expect(allContainers().length).toBe(8);
    await swarm.until(() => swarm.running("web").length === 8, "moved", 1_000);
    expect(containersOn(drained)).toEqual([]);
    await swarm.clock.advance(60_000);
    expect(allContainers()).toEqual(ids(swarm.running("web")));
    await swarm.ask(api => operator.setAvailability(api, nodeId, Availability.ACTIVE));
    await swarm.ask(api => operator.scale(api, "web", 12));
    await swarm.until(() => swarm.running("web").length === 12, "scaled", 1_000);
    expect(containersOn(drained).length).toBe(3);
  });

  it("removes what nobody wants any more when it is back, a few at a time if its engine fails", async () => {
    const away = await begin();
    await swarm.ask(api => operator.scale(api, "web", 80));
    await swarm.until(() => swarm.running("web").length === 80, "scaled", 5_000);
    away.kill();
    await swarm.until(() => isDown(away), "down");
    await swarm.ask(api => operator.remove(api, "web"));
    await swarm.until(() => swarm.view(tx => tx.task.size) === 0, "forgotten", 5_000);
    expect(containersOn(away).length).toBe(20);
    // Far enough away for its engine to fail before it hears what is wanted of it.
    swarm.delay(away, 100);
    swarm.startHost(away);
    await swarm.until(() => away.machine.operations.at(-1) === "describe", "looked around");
    away.machine.reachable = false;
    await swarm.until(() => away.worker?.link().connected === true, "connected", 10_000);
    await swarm.clock.advance(20_000);
    expect(away.process?.timers).toBeLessThan(6);
    away.machine.reachable = true;
    await swarm.until(() => away.machine.containers.size === 0, "removed", 20_000);
  });

  it("that is removed by force has its tasks replaced, and is not let in again", async () => {
    const gone = await begin();
    const { nodeId } = gone.self;
    await swarm.ask(api => api.removeNode({ nodeId, force: true }));
    await swarm.until(
      () => swarm.running("web").filter(task => task.nodeId !== nodeId).length === 8,
      "replaced",
      1_000,
    );
    await swarm.clock.advance(60_000);
    expect(gone.worker?.link()).toMatchObject({ connected: false, fault: { code: "permission_denied" } });
    expect(swarm.view(tx => tx.node.get(nodeId))).toBeUndefined();
    expect(swarm.running("web").length).toBe(8);
  });

  it("whose engine cannot be reached keeps its tasks, and says why new ones wait", async () => {
    const sick = await begin();
    const before = ids(swarm.running("web"));
    sick.machine.reachable = false;
    await swarm.ask(api => operator.scale(api, "web", 12));
    await swarm.until(() => swarm.running("web").length === 11, "the others run", 5_000);
    await swarm.clock.advance(30_000);
    const waiting = swarm.tasks("web").filter(task => task.status.state < TaskState.RUNNING);
    expect(waiting.map(task => task.status.err)).toEqual([
      "waiting for the container engine: Cannot connect to the Docker daemon",
    ]);
    sick.machine.reachable = true;
    await swarm.until(() => swarm.running("web").length === 12, "all run", 10_000);
    expect(ids(swarm.running("web"))).toEqual(expect.arrayContaining(before));
  });
});
