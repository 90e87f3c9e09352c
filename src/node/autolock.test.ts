import { describe, expect, it } from "vitest";
import { SimRandom } from "../sim/random.ts";
import type { SimulatedNode } from "./simulated-nodes.test-kit.ts";
import { SimulatedSwarm } from "./simulated-swarm.test-kit.ts";

async function keyFileOf({ disk }: SimulatedNode): Promise<string> {
  return Buffer.from((await disk.read("/swarm/certificates/swarm-node.key")) ?? []).toString();
}

/** Locked, and none of the keys that stood in clear in use any more. */
async function isSettled(node: SimulatedNode): Promise<boolean> {
  const file = await keyFileOf(node);
  return file.includes("ENCRYPTED") && !file.includes("raft-dek-pending");
}

const autolock = (swarm: SimulatedSwarm, autoLockManagers: boolean) =>
  swarm.update(spec => ({ ...spec, encryptionConfig: { ...spec.encryptionConfig!, autoLockManagers } }));

describe("autolock in a simulated swarm", () => {
  it.each([1, 2, 3, 4])(
    "is turned on and off under power cuts, and every manager comes back (seed %d)",
    async seed => {
      const swarm = new SimulatedSwarm(seed);
      const dice = new SimRandom(seed);
      await swarm.found();
      await autolock(swarm, true);
      for (const victim of [...swarm.managers, ...swarm.managers]) {
        await swarm.clock.advance(dice.float() * 800);
        victim.kill(true);
        await swarm.clock.advance(dice.float() * 2_000);
        await swarm.until(victim.start());
        const asked = await swarm.eventually(() =>
          swarm.managers.find(each => each !== victim && each.status?.controlAvailable),
        );
        const key = await swarm.until(asked.node.unlockKey());
        if (victim.status?.state === "locked") await swarm.until(victim.node.unlock(key));
        await swarm.eventually(() => victim.status?.controlAvailable || undefined);
      }
      await swarm.clock.advance(10_000);
      for (const manager of swarm.managers) expect(await isSettled(manager), manager.host).toBe(true);
      for (const worker of swarm.workers) expect(await keyFileOf(worker)).toContain("BEGIN PRIVATE KEY");
      await autolock(swarm, false);
      await swarm.clock.advance(5_000);
      for (const manager of swarm.managers) expect(await keyFileOf(manager)).toContain("BEGIN PRIVATE KEY");
      for (const { status } of swarm.all) expect(status).toMatchObject({ state: "active", error: "" });
    },
    60_000,
  );

  it("lets a locked manager do nothing", async () => {
    const swarm = new SimulatedSwarm(9);
    await swarm.found();
    await autolock(swarm, true);
    await swarm.clock.advance(10_000);
    const [first] = swarm.managers;
    first!.kill();
    await swarm.until(first!.start());
    const { node } = first!;
    expect(node.status()).toMatchObject({ state: "locked", nodeAddress: first!.host, controlAvailable: false });
    expect(() => node.control()).toThrow("needs to be unlocked");
    await expect(swarm.until(node.leave(false))).rejects.toThrow("Please unlock it first");
    await expect(swarm.until(node.unlock(`SWMKEY-1-${"A".repeat(43)}`))).rejects.toMatchObject({
      code: "unauthenticated",
    });
    await expect(swarm.until(node.unlock("SWMKEY"))).rejects.toMatchObject({ code: "invalid_argument" });
    await swarm.until(node.leave(true));
    expect(node.status().state).toBe("inactive");
    expect(await keyFileOf(first!)).toBe("");
  });
});
