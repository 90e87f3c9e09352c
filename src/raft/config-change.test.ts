import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyChange, type ConfigChange, leaveJoint, type MemberChange } from "./config-change.ts";
import { type Configuration, isVoter, membersOf, noConfiguration, sorted, votersOf } from "./configuration.ts";

const kinds: Record<string, MemberChange["kind"]> = { v: "add-voter", l: "add-learner", r: "remove", u: "update" };

/** "v4 r1": adds voter 4, removes 1. */
function changeOf(words: string, transition: ConfigChange["transition"] = "auto"): ConfigChange {
  const changes = words.split(" ").flatMap(word => {
    const kind = kinds[word[0] ?? ""];
    return kind ? [{ kind, id: BigInt(word.slice(1)) }] : [];
  });
  return { transition, changes, tag: 0n, context: new Uint8Array() };
}

/** "1 2 3 | 1 2 | 4 | 5 auto": voters, outgoing, learners, learners next, and whether it is left by itself. */
function configurationOf(words: string): Configuration {
  const [voters = [], outgoing = [], learners = [], learnersNext = []] = words
    .split("|")
    .map(ids => (ids.match(/\d+/g) ?? []).map(BigInt));
  return { voters, outgoing, learners, learnersNext, autoLeave: words.endsWith("auto") };
}

describe("a change of membership", () => {
  const table: [string, string, ConfigChange["transition"], string][] = [
    // In one step.
    ["", "v1", "auto", "1 |||"],
    ["1 |||", "v2", "auto", "1 2 |||"],
    ["1 2 |||", "v2", "auto", "1 2 |||"],
    ["1 2 3 |||", "r2", "auto", "1 3 |||"],
    ["1 2 3 |||", "r9", "auto", "1 2 3 |||"],
    ["1 2 3 |||", "u2", "auto", "1 2 3 |||"],
    ["1 2 3 |||", "v0", "auto", "1 2 3 |||"],
    ["1 |||", "l2", "auto", "1 || 2 |"],
    ["1 || 2 |", "l2", "auto", "1 || 2 |"],
    ["1 || 2 |", "v2", "auto", "1 2 |||"],
    ["1 || 2 |", "r2", "auto", "1 |||"],
    ["1 2 3 |||", "l3", "auto", "1 2 || 3 |"],
    ["2 10 |||", "v9", "auto", "2 9 10 |||"],
    // Through a joint configuration.
    ["1 2 3 |||", "v4 r1", "auto", "2 3 4 | 1 2 3 || auto"],
    ["1 2 3 |||", "v4 r1", "joint-explicit", "2 3 4 | 1 2 3 ||"],
    ["1 2 3 |||", "v4", "joint", "1 2 3 4 | 1 2 3 || auto"],
    ["1 2 3 |||", "l1 v4", "auto", "2 3 4 | 1 2 3 || 1 auto"],
    ["1 2 3 |||", "l1 l7", "auto", "2 3 | 1 2 3 | 7 | 1 auto"],
    ["1 2 || 3 |", "v3 l2", "auto", "1 3 | 1 2 || 2 auto"],
    ["1 2 |||", "l1 v1", "joint", "1 2 | 1 2 || auto"],
    ["1 2 |||", "l1 r1", "joint", "2 | 1 2 || auto"],
    ["1 2 3 |||", "r1 r2 r3 v4", "auto", "4 | 1 2 3 || auto"],
    // Out of one.
    ["2 3 4 | 1 2 3 | 7 | 1 auto", "", "auto", "2 3 4 || 1 7 |"],
    // What cannot be.
    ["1 |||", "r1", "auto", "no voters would be left"],
    ["1 |||", "l1", "auto", "no voters would be left"],
    ["1 2 |||", "r1 r2", "auto", "no voters would be left"],
    ["1 2 3 |||", "", "auto", "the configuration is not joint"],
    ["2 | 1 2 || auto", "v3", "auto", "a joint configuration must be left first"],
    ["2 | 1 2 || auto", "v3 v4", "joint", "a joint configuration must be left first"],
    ["", "v1 v2", "joint", "there are no voters who could decide it"],
  ];
  it.each(table)("of %j by %j (%s) gives %j", (before, change, transition, after) => {
    const outcome = applyChange(configurationOf(before), changeOf(change, transition));
    if (outcome.kind === "refused") expect(outcome.reason).toBe(after);
    else expect(outcome.configuration).toEqual(configurationOf(after));
  });

  const kind = fc.constantFrom("add-voter" as const, "add-learner" as const, "remove" as const, "update" as const);
  const member = fc.record({ kind, id: fc.bigInt({ min: 1n, max: 8n }) });
  const transition = fc.constantFrom("auto" as const, "joint" as const, "joint-explicit" as const);
  const changes = fc.array(fc.record({ transition, changes: fc.array(member, { maxLength: 4 }) }), { maxLength: 12 });

  it("leaves a quorum of before and one of after with a voter in common, and everybody in one list", () => {
    fc.assert(
      fc.property(changes, steps => {
        let current: Configuration = { ...noConfiguration, voters: [1n, 2n, 3n] };
        for (const step of steps) {
          const outcome = applyChange(current, { ...step, tag: 0n, context: new Uint8Array() });
          if (outcome.kind === "refused") continue;
          const next = outcome.configuration;
          expect(overlaps(current, next)).toBe(true);
          expect(next.voters.length).toBeGreaterThan(0);
          for (const id of next.learners) expect(isVoter(next, id)).toBe(false);
          for (const id of next.learnersNext)
            expect([next.outgoing.includes(id), next.voters.includes(id)]).toEqual([true, false]);
          expect(membersOf(next)).toEqual(sorted(new Set([...votersOf(next), ...next.learners])));
          current = next;
        }
        const left = applyChange(current, leaveJoint);
        expect(left.kind).toBe(current.outgoing.length > 0 ? "changed" : "refused");
      }),
    );
  });
});

/** Whether no quorum of one can decide without anybody in a quorum of the other: tried out over all sets of voters. */
function overlaps(a: Configuration, b: Configuration): boolean {
  const ids = [...new Set([...votersOf(a), ...votersOf(b)])];
  for (let set = 0; set < 2 ** ids.length; set++) {
    const some = new Set(ids.filter((_, place) => (set >> place) & 1));
    const others = new Set(ids.filter(id => !some.has(id)));
    if (isQuorum(a, some) && isQuorum(b, others)) return false;
  }
  return true;
}

function isQuorum({ voters, outgoing }: Configuration, some: Set<bigint>): boolean {
  return [voters, outgoing].every(
    half => half.length === 0 || half.filter(id => some.has(id)).length > half.length / 2,
  );
}
