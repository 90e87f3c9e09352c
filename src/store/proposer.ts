import type { InternalRaftRequest } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";

/** One log entry: its bytes, and on the node that proposed it the message they were made from. */
export interface Proposal {
  readonly request: InternalRaftRequest;
  readonly bytes: Uint8Array;
}

/**
 * What the store needs of consensus. One implementation writes a log on this machine's disk; raft will be another.
 * Committed entries reach the store through its `apply`, on this node before `propose` resolves.
 */
export interface Proposer {
  /**
   * Whether entries need their bytes; they do when it is left out. A store in memory alone needs none: nothing is encoded
   * then, `bytes` stays empty, and the limits on it do not hold.
   */
  readonly needsBytes?: boolean;
  /** The index that the first entry of a `propose` called right now would get. Fault unavailable when not the leader. */
  nextIndex(): bigint;
  /**
   * Appends the entries, in order and next to each other. Resolves when all are durable on a quorum and applied here;
   * rejects with unavailable when it is not known whether they will be (leadership lost, disk failed).
   */
  propose(batch: readonly Proposal[]): Promise<void>;
}
