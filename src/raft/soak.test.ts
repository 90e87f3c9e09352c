import { describe, expect, it } from "vitest";
import { type SoakCounts, SoakWorld } from "./soak-world.test-kit.ts";

/** How many seeds, or which: `SHOAL_SEEDS=5000`, `SHOAL_SEEDS=17,42`. Half of a number are fresh ones. */
const asked = process.env.SHOAL_SEEDS ?? "120";
const count = Number(asked);
const fresh = Math.floor(Math.random() * 2 ** 31);
const seeds = Number.isNaN(count)
  ? asked.split(",").map(Number)
  : Array.from({ length: count }, (_, place) => (place % 2 === 0 ? place + 1 : fresh + place));
const steps = Number(process.env.SHOAL_STEPS ?? "6000");

/** Throws at the first thing that must not be, with the seed and what led to it. */
function soak(seed: number): SoakCounts {
  const world = new SoakWorld(seed);
  try {
    world.run(steps);
  } catch (error) {
    const reason = error instanceof Error ? error.stack : String(error);
    throw new Error(`seed ${seed}: ${reason}\n\nWhat led to it:\n${world.story.join("\n")}`, { cause: error });
  }
  return world.counts;
}

describe("clusters to which everything happens", () => {
  it("replay exactly from their seed", () => {
    expect(soak(7)).toEqual(soak(7));
  });

  it(`keep what Raft promises: ${seeds.length} seeds`, { timeout: 3_600_000 }, () => {
    const all = seeds.map(soak);
    if (all.length < 50) return;
    const sum = (of: keyof SoakCounts): number => all.reduce((total, counts) => total + counts[of], 0);
    // A soak in which nothing happens proves nothing.
    expect(sum("acknowledged")).toBeGreaterThan(all.length * 20);
  });
});
