import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OverlaySwarm } from "../lab/overlay-swarm.ts";
import { networksUnavailableReason } from "../lab/requirements.ts";
import { netChaos } from "../net-chaos/chaos.ts";

const changes = 12;
/** Two seconds are for machines that have nothing else to do: `npm run net-chaos`. */
const withinMs = 60_000;

const reason = networksUnavailableReason();
const title = `${changes} changes at random to the networks of three hosts`;

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  let swarm: OverlaySwarm;
  beforeAll(async () => {
    swarm = await OverlaySwarm.start(3, 3);
  }, 180_000);
  afterAll(() => swarm?.close());

  it("leave every node with what the managers' state says, and in the end with nothing", async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const { tookMs, asked } = await netChaos({ swarm, seed, changes, withinMs, damages: false, say: () => {} });
    expect(tookMs).toHaveLength(changes + 1);
    expect(asked).toBeGreaterThan(changes);
  }, 300_000);
});
