import { describe, expect, it } from "vitest";
import { type SoakCounts, SoakWorld } from "./soak-world.test-kit.ts";

/** How many seeds, or which: `SHOAL_SEEDS=5000`, `SHOAL_SEEDS=17,42`, `SHOAL_SEEDS=17,`. Half of a number are always the same, half fresh. */
const asked = process.env.SHOAL_SEEDS ?? "500";
const count = Number(asked);
const fresh = Math.floor(Math.random() * 2 ** 31);
const seeds = Number.isNaN(count)
  ? asked.split(",").filter(Boolean).map(Number)
  : Array.from({ length: count }, (_, place) => (place % 2 === 0 ? place + 1 : fresh + place));
const steps = Number(process.env.SHOAL_STEPS ?? "6000");

/** Throws at the first thing that must not be, with what led to it and how to see it again. */
function soak(seed: number): SoakCounts {
  const world = new SoakWorld(seed);
  try {
    world.run(steps);
  } catch (error) {
    const reason = error instanceof Error ? error.stack : String(error);
    const replay = `SHOAL_SEEDS=${seed}, npx vitest run src/raft/soak.test.ts`;
    const story = world.story.join("\n");
    throw new Error(`seed ${seed}: ${reason}\n\nReplay with ${replay}\n\nWhat led to it:\n${story}`, { cause: error });
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
    // A soak in which nothing happens proves nothing: a good deal less than what usually happens for each seed.
    const least: SoakCounts = {
      terms: 3,
      committed: 30,
      acknowledged: 15,
      reads: 10,
      crashes: 5,
      reconfigurations: 10,
      snapshots: 1,
    };
    const happened = (what: keyof SoakCounts): number => all.reduce((sum, counts) => sum + counts[what], 0);
    for (const what of Object.keys(least) as (keyof SoakCounts)[])
      expect(happened(what), what).toBeGreaterThan(least[what] * all.length);
  });
});
