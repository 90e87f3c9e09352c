import { Fault } from "../lib/fault.ts";
import type { NodeId, Term } from "../raft/entry.ts";
import type { Standing } from "../raft/ready.ts";
import type { Member } from "./member.ts";

/** Who leads, as one manager sees it. */
export type Leadership =
  /** This manager does, and has applied everything of earlier terms: it may serve and run the loops. */
  | { readonly kind: "leading"; readonly term: bigint }
  | { readonly kind: "following"; readonly leader: Member }
  /** An election is under way, or there is no quorum. */
  | { readonly kind: "none" };

export const nobodyLeads: Leadership = { kind: "none" };

/** SwarmKit's text, which clients match on. */
export const noLeaderText =
  "The swarm does not have a leader. It's possible that too few managers are online. Make sure more than half of the managers are online.";

export function noLeader(): Fault {
  return new Fault("unavailable", noLeaderText);
}

/**
 * Who leads, by what raft says and what is applied: the entry that opened a leader's term comes after all of earlier terms. A leader of
 * whom it is not known who it is cannot be called.
 */
export function leadershipOf(
  { role, term, leader }: Standing,
  appliedTerm: Term,
  find: (raftId: NodeId) => Member | undefined,
): Leadership {
  if (role === "leader") return appliedTerm === term ? { kind: "leading", term } : nobodyLeads;
  const member = find(leader);
  return member ? { kind: "following", leader: member } : nobodyLeads;
}

export function isSameLeadership(a: Leadership, b: Leadership): boolean {
  switch (a.kind) {
    case "leading":
      return b.kind === "leading" && a.term === b.term;
    case "following":
      return b.kind === "following" && a.leader.raftId === b.leader.raftId && a.leader.address === b.leader.address;
    case "none":
      return b.kind === "none";
    default:
      return a satisfies never;
  }
}
