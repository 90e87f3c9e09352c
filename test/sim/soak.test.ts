import { describe, expect, it } from "vitest";
import { type SoakResult, soak } from "../../src/sim/soak.ts";

/** How many seeds, or which: `SHOAL_SEEDS=500`, `SHOAL_SEEDS=17,42`, `SHOAL_SEEDS=17,`. */
const asked = process.env.SHOAL_SEEDS ?? "8";
const seeds = asked.includes(",")
  ? asked.split(",").filter(Boolean).map(Number)
  : Array.from({ length: Number(asked) }, (_, i) => i + 1);
/** Of each seed, before it is left to come to rest. */
const virtualMinutes = Number(process.env.SHOAL_MINUTES ?? "3");

const run = (seed: number): Promise<SoakResult> => soak({ seed, workers: 2 + (seed % 3), virtualMinutes });

describe("swarms to which everything happens", () => {
  it("replay exactly from their seed", async () => {
    const [first, second] = [await run(7), await run(7)];
    expect(second).toEqual(first);
  });

  it(`keep what they have answered, and come to rest as wanted: ${seeds.length} seeds`, {
    timeout: 3_600_000,
  }, async () => {
    for (const seed of seeds) await run(seed);
  });
});
