import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { createService, pidsOf, runningTasks, setHeartbeat, tasksOf } from "../lab/services.ts";
import { Swarm } from "../lab/swarm.ts";

const replicas = 6;
const patientHeartbeatMs = 30_000;

describe("a swarm whose daemons die", () => {
  let swarm: Swarm;

  beforeAll(async () => {
    swarm = await Swarm.start({ base: 32, workers: 2 });
    await createService(swarm.manager, "steady", { replicas });
  });

  afterAll(() => swarm.dispose());

  const running = () => runningTasks(swarm.manager, "steady", replicas);

  it("moves the tasks of a node that died, and takes it back", async () => {
    const { manager } = swarm;
    const [lost] = swarm.workers;
    await lost!.end("SIGKILL");
    const byName = `/nodes?filters=${JSON.stringify({ name: ["w1"] })}`;
    const inState = (state: string) =>
      eventually(`w1 is ${state}`, async () => {
        const [node] = (await manager.apiOk("GET", byName)) as { ID: string; Status: { State: string } }[];
        return node?.Status.State === state ? node : undefined;
      });
    const down = await inState("down");
    expect((await running()).some(task => task.NodeID === down.ID)).toBe(false);
    await lost!.start();
    await inState("ready");
    await eventually("its old tasks have ended", async () => {
      const old = (await tasksOf(manager, "steady")).filter(task => task.NodeID === down.ID);
      return old.every(task => task.Status.State !== "running") ? true : undefined;
    });
  });

  it("keeps every task through stops, kills and restarts of every daemon", async () => {
    // However slow the machine is, a daemon that restarts must not be given up.
    await setHeartbeat(swarm.manager, patientHeartbeatMs);
    const before = pidsOf(await running());
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      for (const daemon of swarm.all) {
        await daemon.end(signal);
        await daemon.start();
      }
      expect(pidsOf(await running())).toEqual(before);
    }
    const wanted = (await tasksOf(swarm.manager, "steady")).filter(task => task.DesiredState === "running");
    expect(wanted).toHaveLength(replicas);
  });
});
