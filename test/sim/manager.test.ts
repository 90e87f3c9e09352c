import { afterEach, describe, expect, it } from "vitest";
import { Fault } from "../../src/lib/fault.ts";
import { openLog } from "../../src/sim/founding.ts";
import { logDirectory } from "../../src/sim/host.ts";
import { operator } from "../../src/sim/operator.ts";
import { SimSwarm } from "../../src/sim/swarm.ts";
import {
  NodeStatus_State as NodeState,
  UpdateStatus_UpdateState as UpdateState,
} from "../../src/wire/gen/docker/swarmkit/v1/types_pb.ts";

let swarm: SimSwarm;

afterEach(async () => {
  await swarm.stop();
  expect([swarm.network.calls, swarm.clock.pending]).toEqual([0, 0]);
});

const startsOf = (taskId: string): number =>
  swarm.hosts.flatMap(({ machine }) => machine.operations).filter(operation => operation === `start ${taskId}`).length;

const imageOf = (task: { spec: { runtime: { case: unknown; value?: unknown } } }): string =>
  task.spec.runtime.case === "container" ? (task.spec.runtime.value as { image: string }).image : "";

async function restartManager(awayMs: number): Promise<void> {
  await swarm.clock.advance(awayMs);
  swarm.startHost(swarm.managerHost);
  await swarm.until(() => swarm.isServed, "served again");
}

describe("a manager that dies", () => {
  it.each(["kill", "cutPower"] as const)("in the middle of a rolling update finishes it: %s", async how => {
    swarm = await SimSwarm.start();
    for (const { machine } of swarm.hosts) machine.images.set("next", {});
    await swarm.ask(api =>
      operator.create(api, { name: "web", image: "sleep", replicas: 6, update: { delayMs: 2_000, monitorMs: 1_000 } }),
    );
    await swarm.until(() => swarm.running("web").length === 6, "web runs");
    await swarm.ask(api => operator.setImage(api, "web", "next"));
    const renewed = () => swarm.running("web").filter(task => imageOf(task) === "next");
    await swarm.until(() => renewed().length === 2, "two are renewed");
    const untouched = renewed().filter(task => swarm.hostOf(task) !== swarm.managerHost);
    if (how === "kill") swarm.managerHost.kill();
    else {
      swarm.cutPower(swarm.managerHost);
      swarm.heal(swarm.managerHost);
    }
    await restartManager(3_000);
    await swarm.until(() => swarm.service("web").updateStatus?.state === UpdateState.COMPLETED, "completed", 60_000);
    await swarm.until(() => renewed().length === 6, "all renewed", 10_000);
    // What was renewed before is what runs now, started once.
    expect(untouched.length).toBeGreaterThan(0);
    for (const { id } of untouched) expect([id, startsOf(id)]).toEqual([id, 1]);
    expect(renewed().map(task => task.id)).toEqual(expect.arrayContaining(untouched.map(task => task.id)));
    const stillRunning = swarm.hosts.flatMap(({ machine }) =>
      [...machine.containers.values()].filter(({ instance }) => instance.state === "running"),
    );
    expect(stillRunning.length).toBe(6);
  });

  it("for an hour finds everything as it was: tasks run on and none is started anew", async () => {
    swarm = await SimSwarm.start();
    await swarm.ask(api => operator.create(api, { name: "web", image: "sleep", replicas: 8 }));
    await swarm.until(() => swarm.running("web").length === 8, "web runs");
    const before = swarm.tasks("web");
    swarm.managerHost.kill();
    await restartManager(3_600_000);
    await swarm.until(
      () => swarm.hosts.every(host => swarm.node(host).status.state === NodeState.READY),
      "all back",
      20_000,
    );
    await swarm.clock.advance(60_000);
    expect(swarm.tasks("web")).toEqual(before);
    for (const { id } of before) expect(startsOf(id)).toBe(1);
  });

  it("finds out what became of tasks meanwhile", async () => {
    swarm = await SimSwarm.start();
    await swarm.ask(api => operator.create(api, { name: "web", image: "sleep", replicas: 4 }));
    await swarm.until(() => swarm.running("web").length === 4, "web runs");
    const victim = swarm.running("web").find(task => swarm.hostOf(task) !== swarm.managerHost)!;
    swarm.managerHost.kill();
    swarm.hostOf(victim).machine.exit(victim.id, 7);
    await restartManager(10_000);
    await swarm.until(() => swarm.tasks("web").length === 5, "replaced", 20_000);
    const ended = swarm.tasks("web").find(task => task.id === victim.id)!;
    expect(ended.status.err).toBe("task: non-zero exit (7)");
    await swarm.until(() => swarm.running("web").length === 4, "runs", 10_000);
  });

  it("at any moment of a storm of creates has kept every service that it answered for", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      swarm = await SimSwarm.start({ seed, snapshotInterval: 20n });
      const answered: string[] = [];
      const create = async (name: string): Promise<void> => {
        try {
          await swarm.call(api => operator.create(api, { name, image: "sleep", replicas: 1 }));
          answered.push(name);
        } catch (error) {
          if (!(error instanceof Fault) || error.code !== "unavailable") throw error;
        }
      };
      for (let round = 0; round < 3; round++) {
        const requests: Promise<void>[] = [];
        const end = swarm.clock.monotonic() + 20 + swarm.random.float() * 60;
        for (let count = 0; swarm.clock.monotonic() < end; count++) {
          requests.push(create(`s${round}-${count}`));
          await swarm.clock.advance(swarm.random.float() * 4);
        }
        const { version, services } = swarm.view(tx => ({
          version: tx.service.size,
          services: [...tx.service.all()],
        }));
        expect(version).toBeGreaterThan(0);
        swarm.cutPower(swarm.managerHost);
        await swarm.settled(Promise.all(requests));
        // The disk alone, before the manager mends it, holds all that anyone could have seen.
        const { store, log } = await openLog({
          ...swarm,
          disk: swarm.managerHost.disk.copy(),
          directory: logDirectory,
        });
        await log.close();
        for (const service of services) expect(store.view(tx => tx.service.get(service.id))).toBeDefined();
        swarm.heal(swarm.managerHost);
        await restartManager(0);
        const names = swarm.view(tx => [...tx.service.all()].map(service => service.spec.annotations.name));
        expect(names).toEqual(expect.arrayContaining(answered));
      }
      expect(answered.length).toBeGreaterThan(5);
      await swarm.until(
        () =>
          swarm.view(tx => [...tx.service.all()]).every(each => swarm.running(each.spec.annotations.name).length === 1),
        "all run",
        30_000,
      );
      if (seed < 12) await swarm.stop();
    }
  });
});
