import type { NodeId } from "./entry.ts";

/**
 * Who takes part. Lists are sorted and disjoint, except that a joint configuration's `voters` and `outgoing` overlap.
 * Joint means that `outgoing` is not empty: every decision then needs a majority of both (Raft dissertation, 4.3).
 */
export interface Configuration {
  readonly voters: readonly NodeId[];
  /** The voters that are being replaced; empty when not joint. */
  readonly outgoing: readonly NodeId[];
  /** Get the log and count for nothing. */
  readonly learners: readonly NodeId[];
  /** Voters of `outgoing` that become learners when the joint configuration is left. */
  readonly learnersNext: readonly NodeId[];
  /** The leader leaves the joint configuration by itself as soon as it may. */
  readonly autoLeave: boolean;
}

/** The membership of a node that has not heard of any. */
export const noConfiguration: Configuration = {
  voters: [],
  outgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};

export const isJoint = (configuration: Configuration): boolean => configuration.outgoing.length > 0;

/** Whether its vote counts, in either half. */
export function isVoter(configuration: Configuration, id: NodeId): boolean {
  return configuration.voters.includes(id) || configuration.outgoing.includes(id);
}

/** Everybody who is sent the log, each once, in order of id. */
export function membersOf(configuration: Configuration): readonly NodeId[] {
  return sorted(new Set([...configuration.voters, ...configuration.outgoing, ...configuration.learners]));
}

/** Everybody whose vote counts, each once, in order of id. */
export function votersOf(configuration: Configuration): readonly NodeId[] {
  return isJoint(configuration)
    ? sorted(new Set([...configuration.voters, ...configuration.outgoing]))
    : configuration.voters;
}

/** Ids in ascending order. */
export function sorted(ids: Iterable<NodeId>): readonly NodeId[] {
  return [...ids].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
