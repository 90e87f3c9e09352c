import { describe, expect, it } from "vitest";
import { SimRandom } from "../sim/random.ts";
import { SimulatedSwarm } from "./simulated-swarm.test-kit.ts";

const rotate = (swarm: SimulatedSwarm) =>
  swarm.update(spec => ({ ...spec, caConfig: { ...spec.caConfig!, forceRotate: spec.caConfig!.forceRotate + 1n } }));

describe("changing the root CA of a simulated swarm", () => {
  it.each([1, 2, 3, 4])(
    "moves every node over, whoever is killed meanwhile, and no two nodes ever distrust each other (seed %d)",
    async seed => {
      const swarm = new SimulatedSwarm(seed);
      await swarm.found();
      const dice = new SimRandom(seed);
      for (let round = 1; round <= 2; round++) {
        const before = swarm.rootPem;
        await rotate(swarm);
        for (let kills = 0; kills < 3; kills++) {
          await swarm.clock.advance(dice.float() * 1_000);
          const leader = swarm.leader;
          const victim = kills === 0 && leader ? leader : swarm.all[Math.floor(dice.float() * swarm.all.length)]!;
          victim.kill(dice.float() < 0.5);
          await swarm.clock.advance(dice.float() * 3_000);
          await swarm.until(victim.start());
        }
        await swarm.eventually(() => swarm.hasMovedFrom(before) || undefined);
        await swarm.clock.advance(5_000);
      }
      expect(swarm.place.distrust).toEqual([]);
      for (const { status } of swarm.all) expect(status).toMatchObject({ state: "active", error: "" });
    },
    60_000,
  );

  it("waits for a node that is down", async () => {
    const swarm = new SimulatedSwarm(99);
    await swarm.found();
    const before = swarm.rootPem;
    swarm.workers[0]!.kill();
    await rotate(swarm);
    await swarm.clock.advance(120_000);
    expect(swarm.cluster.rootCa?.rootRotation).toBeDefined();
    await swarm.until(swarm.workers[0]!.start());
    await swarm.eventually(() => swarm.hasMovedFrom(before) || undefined);
    expect(swarm.place.distrust).toEqual([]);
  }, 60_000);
});
