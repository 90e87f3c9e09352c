import type { Configuration } from "./configuration.ts";
import { lowest, type NodeId } from "./entry.ts";

/** How an election stands. */
export type Verdict = "won" | "lost" | "open";

/**
 * The highest number that a quorum has reached, where `reached` says how far each has come. In a joint configuration a
 * majority of both halves. Used for the log (matched indexes) and for reads (confirmed rounds).
 */
export function quorumReached(configuration: Configuration, reached: (id: NodeId) => bigint): bigint {
  const incoming = majorityReached(configuration.voters, reached);
  if (configuration.outgoing.length === 0) return incoming;
  return lowest(incoming, majorityReached(configuration.outgoing, reached));
}

/** How a vote stands, where `vote` is undefined for those who have not answered. */
export function verdict(configuration: Configuration, vote: (id: NodeId) => boolean | undefined): Verdict {
  const incoming = majorityVerdict(configuration.voters, vote);
  if (configuration.outgoing.length === 0) return incoming;
  const outgoing = majorityVerdict(configuration.outgoing, vote);
  if (incoming === "lost" || outgoing === "lost") return "lost";
  return incoming === "won" && outgoing === "won" ? "won" : "open";
}

/** 0 for no voters: nobody can decide anything. */
function majorityReached(voters: readonly NodeId[], reached: (id: NodeId) => bigint): bigint {
  if (voters.length === 0) return 0n;
  const marks = voters.map(reached).sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
  return marks[Math.floor(voters.length / 2)] ?? 0n;
}

/** Lost as soon as it cannot be won any more; without voters it never can. */
function majorityVerdict(voters: readonly NodeId[], vote: (id: NodeId) => boolean | undefined): Verdict {
  let granted = 0;
  let refused = 0;
  for (const id of voters) {
    const answer = vote(id);
    if (answer === true) granted += 1;
    else if (answer === false) refused += 1;
  }
  const needed = Math.floor(voters.length / 2) + 1;
  if (granted >= needed) return "won";
  return voters.length - refused < needed ? "lost" : "open";
}
