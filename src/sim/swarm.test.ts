import { describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { openLog } from "./founding.ts";
import { logDirectory } from "./host.ts";
import { operator } from "./operator.ts";
import { SimSwarm } from "./swarm.ts";

/** A minute in a swarm's life with most of what can happen to it. */
async function life(seed: number): Promise<SimSwarm> {
  const swarm = await SimSwarm.start({ seed });
  await swarm.ask(api => operator.create(api, { name: "web", image: "sleep", replicas: 5 }));
  await swarm.until(() => swarm.running("web").length === 5, "web runs");
  const [first, second] = swarm.workers;
  swarm.partition(first!);
  await swarm.clock.advance(5_000);
  second!.kill();
  await swarm.clock.advance(5_000);
  swarm.cutPower(swarm.managerHost);
  swarm.heal(swarm.managerHost);
  swarm.startHost(swarm.managerHost);
  swarm.startHost(second!);
  await swarm.clock.advance(50_000);
  await swarm.stop();
  return swarm;
}

describe("a simulated swarm", () => {
  it("is the same each time for one seed, and another for another", async () => {
    const hashes = [await life(1), await life(1), await life(2)].map(swarm => swarm.trace.hash);
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });

  it("leaves nothing behind when it is stopped", async () => {
    const swarm = await life(3);
    expect([swarm.network.calls, swarm.clock.pending]).toEqual([0, 0]);
  });

  it("answers a request whose manager dies with unavailable, and goes on after its start", async () => {
    const swarm = await SimSwarm.start();
    const request = swarm.call(api => operator.create(api, { name: "web", image: "sleep", replicas: 1 }));
    swarm.managerHost.kill();
    await expect(request).rejects.toThrow(new Fault("unavailable", "the manager died"));
    expect(() => swarm.view(tx => tx.service.size)).toThrow("no manager serves");
    swarm.startHost(swarm.managerHost);
    await swarm.until(() => swarm.isServed, "served");
    expect(swarm.view(tx => tx.service.size)).toBe(0);
    await swarm.stop();
  });

  it("lets one look at a manager's disk without touching it", async () => {
    const swarm = await SimSwarm.start();
    await swarm.ask(api => operator.create(api, { name: "web", image: "sleep", replicas: 1 }));
    const { store, log } = await openLog({ ...swarm, disk: swarm.managerHost.disk.copy(), directory: logDirectory });
    await log.close();
    expect(store.view(tx => [...tx.service.all()])).toEqual(swarm.view(tx => [...tx.service.all()]));
    await swarm.stop();
  });
});
