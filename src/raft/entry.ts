import type { ConfigChange } from "./config-change.ts";
import type { Configuration } from "./configuration.ts";

/** A node's raft id. Never 0, and never used a second time once its node was removed. */
export type NodeId = bigint;
/** The first entry has index 1; 0 is the place before it. */
export type Index = bigint;
/** The first term in which anybody can lead is 1; nodes start in 0. */
export type Term = bigint;

/** In the place of an id: no leader known, no vote cast. */
export const nobody: NodeId = 0n;

/** What somebody wants in the log: bytes that only the state machine understands, or another membership. */
export type Payload =
  | { readonly kind: "data"; readonly data: Uint8Array }
  | { readonly kind: "config"; readonly change: ConfigChange };

/**
 * A place in the log. Two entries with the same index and term are the same entry, and so is everything before them
 * (Log Matching, Raft §5.3). Data of length 0 is how a new leader opens its term: state machines ignore it.
 */
export type Entry = Payload & { readonly index: Index; readonly term: Term };

export function entryOf(payload: Payload, index: Index, term: Term): Entry {
  // Written out: spreading takes thrice as long, and this is done for every entry.
  if (payload.kind === "data") return { index, term, kind: payload.kind, data: payload.data };
  return { index, term, kind: payload.kind, change: payload.change };
}

/** What a node must not forget: saved before anything is said that rests on it. */
export interface HardState {
  readonly term: Term;
  /** Whom this node voted for in `term`. */
  readonly vote: NodeId;
  /** How far the log was known to be committed. May lag: it is found out anew. */
  readonly commit: Index;
}

/** The state machine as it was after `index`, in place of the log up to there. */
export interface Snapshot {
  readonly index: Index;
  readonly term: Term;
  /** The membership in force after `index`. */
  readonly configuration: Configuration;
  /** Only the state machine understands it. */
  readonly data: Uint8Array;
}

export function lowest(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

export function highest(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

/** What an entry takes on the wire beside its data, roughly, in bytes. */
const entryOverheadBytes = 24;

/** What a payload weighs against limits, in bytes. */
export function payloadBytes(payload: Payload): number {
  const body = payload.kind === "data" ? payload.data.length : payload.change.context.length;
  return body + entryOverheadBytes;
}

/** What several payloads weigh together, in bytes. */
export function totalBytes(payloads: readonly Payload[]): number {
  return payloads.reduce((sum, payload) => sum + payloadBytes(payload), 0);
}
