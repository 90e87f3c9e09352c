import { Fault } from "../lib/fault.ts";
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
