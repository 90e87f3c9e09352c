import { assert } from "../lib/assert.ts";
import { type Index, type NodeId, nobody } from "./entry.ts";
import type { Storage } from "./storage.ts";

/** Bounds on what one node holds, sends and does at once. */
export interface Limits {
  /** Entries in one append, in bytes; a single entry may be more. */
  readonly maxMessageBytes: number;
  /** Appends under way to one follower. */
  readonly maxInflightMessages: number;
  /** Entries under way to one follower, in bytes. */
  readonly maxInflightBytes: number;
  /** What a leader takes in and has not committed, in bytes; one proposal is always taken. */
  readonly maxUncommittedBytes: number;
  /** A payload that no transport could carry must not get into the log, in bytes. */
  readonly maxEntryBytes: number;
  /** One page of committed entries, in bytes; a single entry may be more. */
  readonly maxPageBytes: number;
  /** Reads waiting to be confirmed by a quorum. */
  readonly maxPendingReads: number;
  /** After so many ticks a leader takes a snapshot to be lost that nothing was heard of. */
  readonly snapshotPatienceTicks: number;
}

export interface RaftOptions extends Partial<Limits> {
  readonly id: NodeId;
  readonly storage: Storage;
  /** What the state machine has applied, by default what is before the storage's first entry. */
  readonly applied?: Index;
  /** Evenly from 0 up to but not including 1. Election timeouts come from it. */
  readonly random: () => number;
  /**
   * Ticks without a leader after which a node stands for election: a random number from this to twice as much. Also how long a
   * leader's lease lasts, and how often it checks that a quorum still hears it.
   */
  readonly electionTicks: number;
  /** Ticks between two heartbeats; a fraction of `electionTicks`. */
  readonly heartbeatTicks: number;
}

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

const defaults: Limits = {
  maxMessageBytes: 512 * kibibyte,
  maxInflightMessages: 256,
  maxInflightBytes: 8 * mebibyte,
  maxUncommittedBytes: 64 * mebibyte,
  maxEntryBytes: 3 * mebibyte,
  maxPageBytes: 4 * mebibyte,
  maxPendingReads: 10_000,
  snapshotPatienceTicks: 300,
};

/** The limits in force; asserts that the options make sense together. */
export function limitsOf(options: RaftOptions): Limits {
  const limits: Limits = { ...defaults, ...options };
  assert(options.id !== nobody, "a node's id is not 0");
  assert(options.heartbeatTicks >= 1, "heartbeatTicks is at least 1");
  assert(options.electionTicks > options.heartbeatTicks, "electionTicks is more than heartbeatTicks");
  assert(limits.maxInflightMessages >= 1, "maxInflightMessages is at least 1");
  assert(limits.maxInflightBytes >= limits.maxMessageBytes, "maxInflightBytes is at least maxMessageBytes");
  return limits;
}
