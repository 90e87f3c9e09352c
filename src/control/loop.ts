import type { ObjectKind } from "../model/objects.ts";
import type { Random } from "../ports/random.ts";
import type { ReadTx, StoreEvent } from "../store/tx.ts";
import type { QuorumStep } from "./quorum.ts";
import type { Write } from "./write.ts";

/** What a decision may know besides what was observed. */
export interface Context {
  /** Wall time in milliseconds: stored times are compared with it. */
  readonly now: number;
  /** For ids of new objects. */
  readonly random: Random;
  /** Most writes to decide on now, give or take one slot's; the rest is for the next look. */
  readonly maxWrites: number;
}

export interface Decision {
  /** All or none of them are made, in this order; at most one for each object. Empty when all is as it should be. */
  readonly writes: readonly Write[];
  /** To be done to the quorum; only without writes. The key is looked at again afterwards. */
  readonly step?: QuorumStep;
  /** Look at the key again in so many milliseconds, whatever happens meanwhile. After writes it is looked at anyway. */
  readonly lookAgainMs?: number;
}

export const nothing: Decision = { writes: [] };

/**
 * One control loop: `observe` reads a key's neighbourhood, `decide` says what is to be written, purely. Only the runner
 * writes. Events are hints to look and may be lost: every key is also looked at when the loop starts and at each rescan.
 */
export interface Loop<Observation> {
  readonly name: string;
  /** Keys looked at side by side; 1 for a loop whose decisions depend on each other. */
  readonly parallel?: number;
  /** Most writes of one decision, where it is not what the runner allows. */
  readonly maxWrites?: number;
  /** Kinds of objects whose changes may concern a key: of others it is told nothing. */
  readonly watches: readonly ObjectKind[];
  /** Keys that a change may concern. `tx` is the state after it. */
  keysOf(event: StoreEvent, tx: ReadTx): Iterable<string>;
  /** Every key that may need something. */
  allKeys(tx: ReadTx): Iterable<string>;
  /** How long a hint for the key may wait, in milliseconds, so that more come together; 0 when left out. */
  hintDelayMs?(key: string): number;
  /**
   * Whether the next look at the key will surely write: then it is made in the transaction at once, and not first to find out whether
   * one is needed. For loops whose looks are long.
   */
  expectsWrites?(key: string): boolean;
  /** Undefined when there is nothing to decide. What it returns is used inside the same transaction only. */
  observe(tx: ReadTx, key: string): Observation | undefined;
  decide(observation: Observation, context: Context): Decision;
}
