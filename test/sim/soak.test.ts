import { describe, expect, it } from "vitest";
import { type SoakResult, sizeOf, soak } from "../../src/sim/soak.ts";

/** Seeds that once failed, each for a reason of its own. */
const kept = [3, 6, 11, 28, 100, 128];
/** How many more, half of them fresh, or which: `SHOAL_SEEDS=500`, `SHOAL_SEEDS=17,42`, `SHOAL_SEEDS=17,`. */
const asked = process.env.SHOAL_SEEDS;
const count = Number(asked ?? "24");
const base = Math.floor(Math.random() * 2 ** 31);
const seeds = asked?.includes(",")
  ? asked.split(",").filter(Boolean).map(Number)
  : [...kept, ...Array.from({ length: count }, (_, place) => (place % 2 === 0 ? place / 2 + 1 : base + place))];
/** Of each seed, before it is left to come to rest. */
const virtualMinutes = Number(process.env.SHOAL_MINUTES ?? "2");
/** Where nobody asked for more: no seed is begun after this, in milliseconds, on a machine with other things to do. */
const budgetMs = 25_000;

const run = (seed: number): Promise<SoakResult> => soak({ seed, ...sizeOf(seed), virtualMinutes });

describe("swarms to which everything happens", () => {
  it("replay exactly from their seed", async () => {
    const short = { seed: 7, managers: 3, workers: 2, virtualMinutes: 1 };
    const [first, second] = [await soak(short), await soak(short)];
    expect(second).toEqual(first);
  });

  it(`keep what they have answered, and come to rest as wanted: ${seeds.length} seeds, fresh ones from ${base}`, {
    timeout: 3_600_000,
  }, async () => {
    const end = asked === undefined ? performance.now() + budgetMs : Number.POSITIVE_INFINITY;
    for (const seed of seeds) if (performance.now() < end) await run(seed);
  });
});
