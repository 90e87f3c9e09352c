import { afterAll, beforeAll, expect, it } from "vitest";
import { killStorm } from "../lab/kill-storm.ts";
import { Quorum } from "../lab/quorum.ts";

const rounds = 30;

let quorum: Quorum;
beforeAll(async () => {
  quorum = await Quorum.start({ count: 5, base: 39 });
});
afterAll(() => quorum?.dispose());

it(`five managers, killed in ${rounds} rounds, lose and double no write that was answered, and end up the same`, async () => {
  const { answered, kills, violations } = await killStorm({ quorum, rounds });
  expect(violations).toEqual([]);
  expect(kills).toBeGreaterThanOrEqual(rounds);
  expect(answered).toBeGreaterThan(rounds);
}, 600_000);
