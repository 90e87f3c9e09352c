import { assert, defined } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import {
  type Entry,
  entryOf,
  highest,
  type Index,
  lowest,
  type Payload,
  payloadBytes,
  type Snapshot,
  type Term,
} from "./entry.ts";
import type { Storage } from "./storage.ts";
import { Unstable } from "./unstable.ts";

type ConfigEntry = Extract<Entry, { kind: "config" }>;

/** A place in the log that two logs may have in common. */
export interface LogPlace {
  readonly index: Index;
  readonly term: Term;
}

/**
 * One log from two parts: what the storage holds, and what is not yet known to be durable. Keeps three marks on it that only
 * move forward: applied ≤ handed out to be applied ≤ committed.
 */
export class RaftLog {
  readonly #storage: Storage;
  readonly #unstable: Unstable;
  #committed: Index;
  #applied: Index;
  /** The last index of the page of committed entries that was handed out. */
  #handedOut: Index;
  /** A change of membership that waits until its being committed is durable. */
  #heldBack: Index | undefined;
  /** The change of membership at the end of that page, until it is applied. */
  #configUnderWay: ConfigEntry | undefined;

  /** Fault data_loss when the storage lacks what it says is committed. */
  constructor(storage: Storage, applied: Index) {
    const before = storage.firstIndex - 1n;
    const committed = highest(storage.hardState.commit, highest(before, applied));
    if (committed > storage.lastIndex)
      throw new Fault(
        "data_loss",
        `Cannot open the log: it ends at ${storage.lastIndex} and ${committed} was committed`,
      );
    assert(applied >= before, `entries after ${applied} are to be applied, and the log starts after ${before}`);
    this.#storage = storage;
    this.#unstable = new Unstable(storage.lastIndex);
    this.#committed = committed;
    this.#applied = applied;
    this.#handedOut = applied;
  }

  /** The first index whose entry can be had. */
  get firstIndex(): Index {
    const { snapshot } = this.#unstable;
    return snapshot ? snapshot.index + 1n : this.#storage.firstIndex;
  }

  get lastIndex(): Index {
    return this.#unstable.lastIndex;
  }

  get lastTerm(): Term {
    return defined(this.term(this.lastIndex), "the log's last term");
  }

  get committed(): Index {
    return this.#committed;
  }

  get applied(): Index {
    return this.#applied;
  }

  /** Up to here this log survives a crash. */
  get durableIndex(): Index {
    return this.#unstable.offset - 1n;
  }

  /** A received snapshot that is not yet known to be saved. */
  get pendingSnapshot(): Snapshot | undefined {
    return this.#unstable.snapshot;
  }

  /** Undefined for what was compacted away and for what is not there yet. */
  term(index: Index): Term | undefined {
    if (index > this.lastIndex || index < this.firstIndex - 1n) return undefined;
    if (index >= this.#unstable.offset || this.#unstable.snapshot) return this.#unstable.term(index);
    return this.#storage.term(index);
  }

  /** Whether it holds this very entry, and so everything before it too. */
  holds(place: LogPlace): boolean {
    return this.term(place.index) === place.term;
  }

  /** Whether a log that ends there has everything that could be committed as far as this one tells (Raft §5.4.1). */
  isUpToDate(end: LogPlace): boolean {
    const { lastTerm } = this;
    return end.term > lastTerm || (end.term === lastTerm && end.index >= this.lastIndex);
  }

  /** The highest place not after `index` with a term not above `term`: where another log that is at `term` there may agree. */
  lastPlaceWithin(index: Index, term: Term): LogPlace {
    let at = index < this.lastIndex ? index : this.lastIndex;
    for (; ; at -= 1n) {
      const here = this.term(at);
      if (here === undefined) return { index: at, term: 0n };
      if (here <= term) return { index: at, term: here };
    }
  }

  /** From `from` on, no more than weighs `maxBytes` but at least one; undefined when they were compacted away. */
  slice(from: Index, to: Index, maxBytes: number): readonly Entry[] | undefined {
    if (from < this.firstIndex) return undefined;
    if (from > to) return [];
    const { offset } = this.#unstable;
    if (from >= offset) return this.#unstable.slice(from, to, maxBytes);
    if (to < offset) return this.#storage.entries(from, to, maxBytes);
    const saved = this.#storage.entries(from, offset - 1n, maxBytes);
    const left = maxBytes - saved.reduce((sum, entry) => sum + payloadBytes(entry), 0);
    if (saved.length < Number(offset - from) || left <= 0) return saved;
    const rest = this.#unstable.slice(offset, to, left);
    // The unstable part gives at least one entry, even one that is too much now.
    return payloadBytes(defined(rest[0], "an entry")) > left ? saved : [...saved, ...rest];
  }

  /** Appends a leader's own payloads. Returns the last index. */
  extend(term: Term, payloads: readonly Payload[]): Index {
    let index = this.lastIndex;
    this.#unstable.append(payloads.map(payload => entryOf(payload, ++index, term)));
    return index;
  }

  /**
   * Takes in a leader's entries, which follow the place `prev`. Returns the last index now shared with the leader, or
   * undefined when this log does not hold `prev`. What conflicts is dropped, and what is there already stays: an old message
   * must not shorten the log. Fault data_loss when something committed would have to go.
   */
  accept(prev: LogPlace, entries: readonly Entry[]): Index | undefined {
    if (!this.holds(prev)) return undefined;
    const fresh = entries.findIndex(entry => !this.holds(entry));
    const first = entries[fresh];
    if (first) {
      if (first.index <= this.#committed)
        throw new Fault(
          "data_loss",
          `Cannot take entry ${first.index} of term ${first.term}: another one is committed there`,
        );
      this.#unstable.append(entries.slice(fresh));
    }
    return prev.index + BigInt(entries.length);
  }

  /** Puts a snapshot in the place of the log; it counts as committed and applied. */
  restore(snapshot: Snapshot): void {
    this.#unstable.restore(snapshot);
    this.#committed = snapshot.index;
    this.#applied = snapshot.index;
    this.#handedOut = snapshot.index;
    this.#configUnderWay = undefined;
  }

  /** Fault data_loss for an index beyond the log: this node once said that it had it. */
  commitTo(index: Index): void {
    if (index <= this.#committed) return;
    if (index > this.lastIndex)
      throw new Fault("data_loss", `Cannot commit up to ${index}: the log ends at ${this.lastIndex}`);
    this.#committed = index;
  }

  /** How far it is known to be committed. */
  get commitPlace(): LogPlace {
    return { index: this.#committed, term: defined(this.term(this.#committed), "the term of what is committed") };
  }

  /** Somebody knows that entry to be committed: if this log holds it, so is everything here up to there. */
  learnCommitted(place: LogPlace): void {
    if (place.index > this.#committed && this.holds(place)) this.#committed = place.index;
  }

  /** What was not handed out yet to be saved. */
  takeUnsaved(number: number): { snapshot: Snapshot | undefined; entries: readonly Entry[] } {
    return this.#unstable.take(number);
  }

  persisted(number: number): void {
    this.#unstable.persisted(number);
  }

  /**
   * The next page of entries to apply: once the last one is applied, and only what a crash leaves here. Ends after a config
   * entry, which waits until it is durable here that it is committed. Otherwise a node could come back with the membership before
   * it, and need the votes of those who are gone since, or none but its own (etcd leaves this to the operating system).
   */
  takeCommitted(maxBytes: number, durableCommit: Index): readonly Entry[] {
    this.#heldBack = undefined;
    if (this.pendingSnapshot || this.#handedOut > this.#applied) return [];
    const to = lowest(this.#committed, this.durableIndex);
    const page = this.slice(this.#handedOut + 1n, to, maxBytes) ?? [];
    const config = page.find(entry => entry.kind === "config");
    if (config && config.index > durableCommit) {
      this.#heldBack = config.index;
      this.#handedOut = config.index - 1n;
      return page.slice(0, page.indexOf(config));
    }
    this.#configUnderWay = config;
    this.#handedOut = config?.index ?? this.#handedOut + BigInt(page.length);
    return config ? page.slice(0, page.indexOf(config) + 1) : page;
  }

  get heldBack(): Index | undefined {
    return this.#heldBack;
  }

  /** Returns the change of membership among what is newly applied. What a snapshot has overtaken counts as applied already. */
  appliedTo(index: Index): ConfigEntry | undefined {
    if (index <= this.#applied) return undefined;
    assert(index <= this.#handedOut, `${index} cannot be applied: it was not handed out`);
    this.#applied = index;
    const config = this.#configUnderWay;
    if (!config || config.index > index) return undefined;
    this.#configUnderWay = undefined;
    return config;
  }

  /** Whether a membership that is known to be committed is not in force here yet. */
  hasUnappliedConfig(maxBytes: number): boolean {
    if (this.#configUnderWay) return true;
    // What was handed out already may be compacted away.
    for (let from = this.#handedOut + 1n; from <= this.#committed; ) {
      const page = defined(this.slice(from, this.#committed, maxBytes), "a committed entry");
      if (page.some(entry => entry.kind === "config")) return true;
      from += BigInt(page.length);
    }
    return false;
  }

  storedSnapshot(): Snapshot | undefined {
    return this.#storage.snapshot();
  }
}
