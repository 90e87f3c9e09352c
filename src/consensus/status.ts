import type { Index } from "../raft/entry.ts";
import type { Status } from "../raft/status.ts";
import type { LatencySummary } from "./latency.ts";
import type { Leadership } from "./leadership.ts";

/** One manager's part in the log, for metrics and people. */
export interface ConsensusStatus {
  readonly raftId: bigint;
  readonly leadership: Leadership;
  readonly raft: Status;
  /** Batches of changes that this manager has proposed since it started. */
  readonly proposals: number;
  /** From proposing to having applied. */
  readonly commitLatency: LatencySummary;
  /** Of making saves durable. */
  readonly syncLatency: LatencySummary;
  readonly snapshotIndex: Index;
  readonly snapshotBytes: number;
}
