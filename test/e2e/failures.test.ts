import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { createService, type TaskView, tasksOf } from "../lab/services.ts";
import { Swarm } from "../lab/swarm.ts";

const storms = 100;
const servicesPerStorm = 24;

const pidsOf = (tasks: readonly TaskView[]): number[] =>
  tasks.map(task => task.Status.ContainerStatus?.PID ?? 0).sort();

describe("a swarm whose parts die", () => {
  let swarm: Swarm;

  beforeAll(async () => {
    swarm = await Swarm.start({ base: 32, workers: 2 });
    const { manager } = swarm;
    const cluster = (await manager.apiOk("GET", "/swarm")) as {
      Version: { Index: number };
      Spec: Record<string, unknown>;
    };
    const spec = { ...cluster.Spec, Dispatcher: { HeartbeatPeriod: 1_000_000_000 } };
    await manager.apiOk("POST", `/swarm/update?version=${cluster.Version.Index}`, spec);
    await createService(manager, "steady", { replicas: 6 });
  });

  afterAll(() => swarm.dispose());

  /** Waits until a service has `count` running tasks and gives them. */
  function running(service: string, count: number): Promise<readonly TaskView[]> {
    return eventually(
      `${service} has ${count} running tasks`,
      async () => {
        const tasks = (await tasksOf(swarm.manager, service)).filter(
          task => task.DesiredState === "running" && task.Status.State === "running",
        );
        return tasks.length === count ? tasks : undefined;
      },
      60_000,
    );
  }

  it("keeps every task through stops, kills and restarts of every daemon", async () => {
    const before = pidsOf(await running("steady", 6));
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      for (const daemon of swarm.all) {
        await daemon.end(signal);
        await daemon.start();
      }
      expect(pidsOf(await running("steady", 6))).toEqual(before);
    }
    const all = await tasksOf(swarm.manager, "steady");
    expect(all).toHaveLength(6);
  });

  it("has every answered service after the manager is killed in a storm of creates, again and again", async () => {
    const { manager } = swarm;
    const before = pidsOf(await running("steady", 6));
    const answered = new Set<string>();
    for (let storm = 0; storm < storms; storm++) {
      const creates = Array.from({ length: servicesPerStorm }, async (_, at) => {
        const name = `storm-${storm}-${at}`;
        await createService(manager, name, { replicas: 0 });
        answered.add(name);
      });
      // Dies at another point of the storm each time: after none, one, two, … of its answers.
      const wanted = storm % servicesPerStorm;
      await Promise.race([Promise.allSettled(creates), Promise.all(creates.slice(0, wanted)).catch(() => {})]);
      await manager.end("SIGKILL");
      await Promise.allSettled(creates);
      await manager.start();
      const found = (await manager.apiOk("GET", "/services")) as { Spec: { Name: string } }[];
      const names = new Set(found.map(service => service.Spec.Name));
      expect(
        [...answered].filter(name => !names.has(name)),
        `storm ${storm}`,
      ).toEqual([]);
      if (storm % 20 === 19) {
        for (const name of names) if (name.startsWith("storm-")) await manager.apiOk("DELETE", `/services/${name}`);
        answered.clear();
      }
    }
    expect(pidsOf(await running("steady", 6))).toEqual(before);
  }, 600_000);

  it("moves the tasks of a node that died, and takes it back", async () => {
    const { manager } = swarm;
    const lost = swarm.workers[0]!;
    await lost.end("SIGKILL");
    const stateOf = async () => {
      const [node] = (await manager.apiOk("GET", `/nodes?filters=${JSON.stringify({ name: ["w1"] })}`)) as {
        ID: string;
        Status: { State: string };
      }[];
      return node;
    };
    const down = await eventually("the node is down", async () => {
      const node = await stateOf();
      return node?.Status.State === "down" ? node : undefined;
    });
    const moved = await running("steady", 6);
    expect(moved.some(task => task.NodeID === down.ID)).toBe(false);
    await lost.start();
    await eventually("the node is ready again", async () =>
      (await stateOf())?.Status.State === "ready" ? true : undefined,
    );
    await eventually("its old tasks have ended", async () => {
      const old = (await tasksOf(manager, "steady")).filter(task => task.NodeID === down.ID);
      return old.every(task => task.Status.State !== "running") ? true : undefined;
    });
  });
});
