import type { Configuration } from "./configuration.ts";
import type { Entry, HardState, Index, Snapshot, Term } from "./entry.ts";

/**
 * What a node has saved, as the core looks it up; only the driver writes to it. Look-ups are synchronous: a driver keeps
 * the entries since a little before its last snapshot in memory (`MemoryStorage`) beside its disk.
 *
 * The log starts with the place before `firstIndex`, whose term is still known, and which a snapshot stands for.
 */
export interface Storage {
  readonly hardState: HardState;
  /** The membership in force at the index that the core is told is applied when it starts. */
  readonly configuration: Configuration;
  /** 1 for a log that was never compacted. */
  readonly firstIndex: Index;
  /** `firstIndex - 1` for an empty log. */
  readonly lastIndex: Index;
  /** For `firstIndex - 1 … lastIndex`; undefined elsewhere. */
  term(index: Index): Term | undefined;
  /**
   * The entries from `from` to `to`, both included and both within the log; fewer once they weigh more than `maxBytes`
   * together, but at least one.
   */
  entries(from: Index, to: Index, maxBytes: number): readonly Entry[];
  /**
   * The latest snapshot, at `firstIndex - 1` or later; undefined while it cannot be had, in which case the core asks again.
   */
  snapshot(): Snapshot | undefined;
}
