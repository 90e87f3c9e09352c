import { beforeEach, describe, expect, it } from "vitest";
import { SwarmWorld } from "../agent/agent.test-kit.ts";
import { managerAddress } from "../dispatcher/dispatcher.test-kit.ts";
import { silentLogger } from "../ports/log.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimMachine } from "../sim/machine.ts";
import { SimRandom } from "../sim/random.ts";
import { SimRuntime } from "../sim/runtime.ts";
import { Worker } from "./worker.ts";

let world: SwarmWorld;
let disk: SimDisk;

beforeEach(async () => {
  world = new SwarmWorld();
  await world.start(["n1"]);
  disk = new SimDisk();
});

function worker(managers: readonly string[]): Worker {
  return new Worker({
    nodeId: "n1",
    runtime: new SimRuntime(new SimMachine({ clock: world.clock }), "n1"),
    transport: world.network.transport("n1", { nodeId: "n1", role: "worker", clusterId: "cluster" }),
    disk,
    directory: "/worker",
    clock: world.clock,
    random: new SimRandom(),
    log: silentLogger,
    managers,
  });
}

describe("a worker", () => {
  it("finds its managers again after a restart, without those it joined by", async () => {
    const first = worker([managerAddress]);
    expect(first.link()).toMatchObject({ connected: false });
    await first.start();
    await world.settle();
    expect(first.link()).toEqual({ connected: true, manager: managerAddress });
    expect(first.managers()).toEqual([{ nodeId: "manager", address: managerAddress }]);
    await first.stop();
    const second = worker(["10.9.9.9:2377"]);
    await second.start();
    await world.clock.advance(10_000);
    expect(second.link()).toEqual({ connected: true, manager: managerAddress });
    expect(second.managers()).toEqual([{ nodeId: "manager", address: managerAddress }]);
    await second.stop();
  });

  it("knows the managers of last time before it starts, also those an earlier version wrote down", async () => {
    await disk.replace(
      "/worker/managers.json",
      Buffer.from('["10.0.0.7:2377",{"nodeId":"m8","address":"10.0.0.8:2377"}]'),
    );
    const late = worker([managerAddress, "10.0.0.8:2377"]);
    await late.recall();
    expect(late.managers()).toEqual([
      { nodeId: "", address: "10.0.0.7:2377" },
      { nodeId: "m8", address: "10.0.0.8:2377" },
      { nodeId: "", address: managerAddress },
    ]);
  });

  it("begins with those it joined by when its memory is damaged", async () => {
    await disk.replace("/worker/managers.json", Buffer.from('{"not":"a list"'));
    const started = worker([managerAddress]);
    await started.start();
    await world.settle();
    expect(started.link()).toMatchObject({ connected: true });
    await started.stop();
  });

  it("says why it has no manager", async () => {
    await world.stopLeading();
    const started = worker([managerAddress]);
    await started.start();
    await world.settle();
    expect(started.link()).toMatchObject({ connected: false, fault: { code: "unavailable" } });
    await started.stop();
  });

  it("stops promptly and leaves no timer behind", async () => {
    const started = worker([managerAddress]);
    await started.start();
    await world.settle();
    await started.stop();
    await world.stopLeading();
    await world.clock.advance(100);
    expect(world.clock.pending).toBe(0);
  });
});
