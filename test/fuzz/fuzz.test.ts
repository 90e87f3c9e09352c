import { describe, expect, it } from "vitest";
import { campaign } from "./campaign.ts";

/** `npm run fuzz` sends many more. */
const count = 2_000;
/** The same for everyone, every time: new ones are tried by hand, where what they find does not stop somebody else's work. */
const seed = 58;

describe("a live manager", () => {
  it(`does its work after ${count} mutated certificate requests, tokens, RPCs and API requests, and has no mistake to show`, async () => {
    const { tally } = await campaign({ seed, count, address: "127.0.58.1" });
    const findings = [...tally.findings].map(
      ([text, { input }]) => `npm run fuzz -- --seed ${seed} --from ${input} --count 1: ${text}`,
    );
    expect(findings).toEqual([]);
    expect(tally.total).toBe(count);
  }, 600_000);
});
