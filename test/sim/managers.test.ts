import { afterEach, describe, expect, it } from "vitest";
import { operator } from "../../src/sim/operator.ts";
import { SimSwarm } from "../../src/sim/swarm.ts";

let swarm: SimSwarm;

afterEach(async () => {
  await swarm.stop();
  expect([swarm.network.calls, swarm.clock.pending]).toEqual([0, 0]);
});

const startsOf = (taskId: string): number =>
  swarm.hosts.flatMap(({ machine }) => machine.operations).filter(operation => operation === `start ${taskId}`).length;

describe("a swarm with several managers", () => {
  it.each([3, 5])("serves any call through any of %i, and all know the same", async managers => {
    swarm = await SimSwarm.start({ managers, workers: 2 });
    for (let count = 0; count < managers; count++)
      await swarm.ask(api => operator.create(api, { name: `web${count}`, image: "sleep", replicas: 2 }));
    await swarm.until(
      () => Array.from({ length: managers }, (_, at) => `web${at}`).every(name => swarm.running(name).length === 2),
      "all run",
    );
    await swarm.clock.advance(5_000);
    const versions = swarm.managers.map(({ manager }) => manager?.version);
    expect(new Set(versions).size).toBe(1);
  });

  it.each(["kill", "cutPower"] as const)("goes on when the leader dies: %s", async how => {
    swarm = await SimSwarm.start({ managers: 3, workers: 2 });
    await swarm.ask(api => operator.create(api, { name: "web", image: "sleep", replicas: 6 }));
    await swarm.until(() => swarm.running("web").length === 6, "web runs");
    const before = swarm.running("web");
    const leader = swarm.leader!;
    leader.kill();
    if (how === "cutPower") leader.cutPower();
    const took = await swarm.until(() => swarm.leader !== undefined, "another one leads", 3_000);
    expect(took).toBeLessThan(3_000);
    await swarm.ask(api => operator.scale(api, "web", 8));
    await swarm.until(() => swarm.running("web").length === 8, "more run", 60_000);
    // What ran elsewhere runs on, started once.
    const untouched = before.filter(task => swarm.hostOf(task) !== leader);
    for (const { id } of untouched) expect([id, startsOf(id)]).toEqual([id, 1]);
    swarm.startHost(leader);
    await swarm.until(() => swarm.isWhole(), "all managers are back");
  });

  it("refuses writes without a quorum, and goes on as soon as there is one", async () => {
    swarm = await SimSwarm.start({ managers: 3, workers: 1 });
    const [leader, ...others] = [swarm.leader!, ...swarm.managers.filter(host => host !== swarm.leader)];
    for (const host of others) host.kill();
    const refused = swarm.ask(api => operator.create(api, { name: "web", image: "sleep", replicas: 1 }));
    await expect(refused).rejects.toThrow();
    await swarm.until(() => swarm.leader === undefined, "nobody leads", 10_000);
    const told = swarm.ask(api => operator.create(api, { name: "other", image: "sleep", replicas: 1 }));
    await expect(told).rejects.toThrow("The swarm does not have a leader");
    expect(leader.isUp).toBe(true);
    for (const host of others) swarm.startHost(host);
    await swarm.until(() => swarm.isWhole(), "whole again");
    await swarm.ask(api => operator.create(api, { name: "last", image: "sleep", replicas: 1 }));
    await swarm.until(() => swarm.running("last").length === 1, "it runs");
  });
});
