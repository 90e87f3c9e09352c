import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Configuration, noConfiguration } from "./configuration.ts";
import { quorumReached, type Verdict, verdict } from "./quorum.ts";

const configuration = (voters: number[], outgoing: number[] = []): Configuration => ({
  ...noConfiguration,
  voters: voters.map(BigInt),
  outgoing: outgoing.map(BigInt),
});

describe("what a quorum has reached", () => {
  // Voters, outgoing voters, how far each node has come (by id, from 1 on), and what a quorum has reached.
  const table: [number[], number[], number[], number][] = [
    [[], [], [], 0],
    [[1], [], [12], 12],
    [[1, 2], [], [12, 5], 5],
    [[1, 2, 3], [], [12, 5, 7], 7],
    [[1, 2, 3], [], [12, 0, 0], 0],
    [[1, 2, 3, 4], [], [9, 8, 7, 6], 7],
    [[1, 2, 3, 4, 5], [], [9, 8, 7, 6, 5], 7],
    // Node 4 is a learner, and counts for nothing.
    [[1, 2, 3], [], [12, 5, 5, 99], 5],
    // Joint: both halves.
    [[1, 2, 3], [1, 2, 3], [12, 5, 7], 7],
    [[1, 2, 3], [3, 4, 5], [9, 9, 9, 1, 1], 1],
    [[4, 5, 6], [1, 2, 3], [3, 3, 3, 9, 9, 9], 3],
    [[1], [2, 3], [9, 4, 6], 4],
  ];
  it.each(table)("%j from %j at %j: %i", (voters, outgoing, reached, expected) => {
    const of = (id: bigint): bigint => BigInt(reached[Number(id) - 1] ?? 0);
    expect(quorumReached(configuration(voters, outgoing), of)).toBe(BigInt(expected));
  });

  it("is the highest number that a majority of each half has reached", () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 7 });
    const marks = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(ids, ids, marks, (voters, outgoing, reached) => {
        fc.pre(voters.length > 0);
        const has = (half: number[], mark: number): boolean =>
          half.length === 0 || half.filter(id => (reached[id - 1] ?? 0) >= mark).length > half.length / 2;
        const highest = Math.max(0, ...reached.filter(mark => has(voters, mark) && has(outgoing, mark)));
        const found = quorumReached(configuration(voters, outgoing), id => BigInt(reached[Number(id) - 1] ?? 0));
        expect(found).toBe(BigInt(highest));
      }),
    );
  });
});

describe("a vote", () => {
  // y: granted, n: refused, -: not answered; by id.
  const table: [number[], number[], string, Verdict][] = [
    [[], [], "", "lost"],
    [[1], [], "-", "open"],
    [[1], [], "y", "won"],
    [[1], [], "n", "lost"],
    [[1, 2], [], "y-", "open"],
    [[1, 2], [], "yn", "lost"],
    [[1, 2, 3], [], "y-n", "open"],
    [[1, 2, 3], [], "y-y", "won"],
    [[1, 2, 3], [], "n-n", "lost"],
    [[1, 2, 3, 4], [], "yy--", "open"],
    [[1, 2, 3, 4], [], "yynn", "lost"],
    [[1, 2, 3], [], "y--y", "open"],
    [[1, 2, 3], [3, 4, 5], "yy---", "open"],
    [[1, 2, 3], [3, 4, 5], "yyy--", "open"],
    [[1, 2, 3], [3, 4, 5], "yyyy-", "won"],
    [[1, 2, 3], [3, 4, 5], "yy-nn", "lost"],
    [[1], [2], "y-", "open"],
    [[1], [2], "yy", "won"],
  ];
  it.each(table)("of %j from %j with %s is %s", (voters, outgoing, votes, expected) => {
    const of = (id: bigint): boolean | undefined => ({ y: true, n: false })[votes[Number(id) - 1] ?? "-"];
    expect(verdict(configuration(voters, outgoing), of)).toBe(expected);
  });
});
