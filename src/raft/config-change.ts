import { type Configuration, isJoint, sorted } from "./configuration.ts";
import { type NodeId, nobody } from "./entry.ts";

/** One node's part in a change. `update` changes no membership: its news is in the change's context. */
export interface MemberChange {
  readonly kind: "add-voter" | "add-learner" | "remove" | "update";
  readonly id: NodeId;
}

/**
 * Another membership. It comes into force where its entry is applied, and is committed by the membership before it.
 *
 * - `auto`: in one step where at most one node changes, otherwise through a joint configuration that the leader leaves by itself.
 *   Without changes: leaves the joint configuration.
 * - `joint`: through a joint configuration that the leader leaves by itself.
 * - `joint-explicit`: into a joint configuration; whoever proposed it proposes leaving it (`leaveJoint`).
 */
export interface ConfigChange {
  readonly transition: "auto" | "joint" | "joint-explicit";
  readonly changes: readonly MemberChange[];
  /** Whatever the proposer wants to know it by; 0n for nothing. */
  readonly tag: bigint;
  /** For the state machine, the members' addresses say. */
  readonly context: Uint8Array;
}

/** Out of a joint configuration, into its new half alone. */
export const leaveJoint: ConfigChange = { transition: "auto", changes: [], tag: 0n, context: new Uint8Array() };

/** The membership after a change, or why the change cannot be made. */
export type ChangeOutcome =
  | { readonly kind: "changed"; readonly configuration: Configuration }
  | { readonly kind: "refused"; readonly reason: string };

/** What a change makes of a membership. Pure: every node comes to the same result. */
export function applyChange(current: Configuration, change: ConfigChange): ChangeOutcome {
  if (change.transition === "auto" && change.changes.length === 0) return leave(current);
  if (change.transition === "auto" && change.changes.length === 1) return oneStep(current, change.changes);
  return enterJoint(current, change);
}

function oneStep(current: Configuration, changes: readonly MemberChange[]): ChangeOutcome {
  if (isJoint(current)) return refused("a joint configuration must be left first");
  return finish(withChanges(current, changes));
}

function enterJoint(current: Configuration, change: ConfigChange): ChangeOutcome {
  if (isJoint(current)) return refused("a joint configuration must be left first");
  if (current.voters.length === 0) return refused("there are no voters who could decide it");
  const joint = { ...current, outgoing: current.voters, autoLeave: change.transition !== "joint-explicit" };
  return finish(withChanges(joint, change.changes));
}

function leave(current: Configuration): ChangeOutcome {
  if (!isJoint(current)) return refused("the configuration is not joint");
  const learners = sorted([...current.learners, ...current.learnersNext]);
  return finish({ ...current, outgoing: [], learners, learnersNext: [], autoLeave: false });
}

function finish(configuration: Configuration): ChangeOutcome {
  if (configuration.voters.length === 0) return refused("no voters would be left");
  return { kind: "changed", configuration };
}

const refused = (reason: string): ChangeOutcome => ({ kind: "refused", reason });

/**
 * A voter that is demoted while the outgoing half still needs it becomes a learner only afterwards: a learner must never
 * be counted (Raft dissertation, 4.2.1).
 */
function withChanges(current: Configuration, changes: readonly MemberChange[]): Configuration {
  const voters = new Set(current.voters);
  const learners = new Set(current.learners);
  const learnersNext = new Set(current.learnersNext);
  for (const { kind, id } of changes) {
    if (id === nobody || kind === "update") continue;
    if (kind === "add-learner" && learners.has(id)) continue;
    voters.delete(id);
    learners.delete(id);
    learnersNext.delete(id);
    if (kind === "add-voter") voters.add(id);
    else if (kind === "add-learner") (current.outgoing.includes(id) ? learnersNext : learners).add(id);
  }
  return { ...current, voters: sorted(voters), learners: sorted(learners), learnersNext: sorted(learnersNext) };
}
