import type { Chance } from "./chance.test-kit.ts";
import type { ConfigChange, MemberChange } from "./config-change.ts";
import { type Configuration, isJoint, membersOf } from "./configuration.ts";
import type { NodeId } from "./entry.ts";

/** Voters and learners together, at most. */
const maxMembers = 7;

/** Some change of membership that could be wished for. New nodes get ids from `nextId`, since no id may come back. */
export function someChange(configuration: Configuration, chance: Chance, nextId: () => NodeId): ConfigChange {
  const transition = chance.pick(["auto", "auto", "auto", "joint", "joint-explicit"] as const) ?? "auto";
  const of = (changes: readonly MemberChange[]): ConfigChange => {
    return { transition: changes.length === 0 ? "auto" : transition, changes, tag: 0n, context: new Uint8Array() };
  };
  if (isJoint(configuration)) return of([]);
  if (chance.isBelow(0.2)) return of(replacement(configuration, nextId));
  const count = chance.pick([1, 1, 1, 2, 3]) ?? 1;
  return of(Array.from({ length: count }, () => someMemberChange(configuration, chance, nextId)));
}

/** All others go, and as many new ones come. */
function replacement({ voters }: Configuration, nextId: () => NodeId): readonly MemberChange[] {
  const newcomers = new Set(voters.map(nextId));
  const out = voters.map((id): MemberChange => ({ kind: "remove", id }));
  return [...out, ...[...newcomers].map((id): MemberChange => ({ kind: "add-voter", id }))];
}

function someMemberChange(configuration: Configuration, chance: Chance, nextId: () => NodeId): MemberChange {
  const { voters, learners } = configuration;
  const [voter, learner] = [chance.pick(voters) ?? 0n, chance.pick(learners)];
  const hasRoom = membersOf(configuration).length < maxMembers;
  const kind = chance.pick(["add", "add", "learn", "promote", "promote", "demote", "remove", "remove", "update"]);
  if (kind === "promote" && learner) return { kind: "add-voter", id: learner };
  if (kind === "add" && hasRoom) return { kind: "add-voter", id: nextId() };
  if (kind === "learn" && hasRoom) return { kind: "add-learner", id: nextId() };
  if (kind === "demote") return { kind: "add-learner", id: voter };
  if (kind === "remove" && voters.length > 2)
    return { kind: "remove", id: learner && chance.isBelow(0.3) ? learner : voter };
  return { kind: "update", id: voter };
}
