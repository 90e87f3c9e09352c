import { defined } from "../lib/assert.ts";
import type { Entry, Index, Snapshot, Term } from "./entry.ts";
import { withinBytes } from "./memory-storage.ts";

/** What was handed out to be saved and is not yet known to be: its end moves back when the log is overwritten meanwhile. */
interface Batch {
  readonly number: number;
  readonly snapshot: Snapshot | undefined;
  last: Index;
}

/**
 * The end of the log that is not yet known to be durable, and the snapshot before it if that is not either.
 *
 * An entry can be overwritten, and even overwritten back, while an older write of it is under way. So a finished write counts
 * not for what it wrote but for what has stayed since: every overwriting moves the ends of the batches under way.
 */
export class Unstable {
  /** The index of the first entry here. */
  #offset: Index;
  #entries: Entry[] = [];
  #snapshot: Snapshot | undefined;
  #snapshotTaken = false;
  /** The last index that was handed out to be saved. */
  #taken: Index;
  #batches: Batch[] = [];

  constructor(durableIndex: Index) {
    this.#offset = durableIndex + 1n;
    this.#taken = durableIndex;
  }

  get offset(): Index {
    return this.#offset;
  }

  get lastIndex(): Index {
    return this.#offset + BigInt(this.#entries.length) - 1n;
  }

  /** A received snapshot that is not yet known to be saved. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  term(index: Index): Term | undefined {
    if (index === this.#snapshot?.index) return this.#snapshot.term;
    return this.#entries[Number(index - this.#offset)]?.term;
  }

  /** Entries from here alone: `from` is `offset` or later. */
  slice(from: Index, to: Index, maxBytes: number): readonly Entry[] {
    return withinBytes(this.#entries, Number(from - this.#offset), Number(to - this.#offset) + 1, maxBytes);
  }

  /** Puts entries after what is there, or in the place of what is there from the first one's index on. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (!first) return;
    if (first.index <= this.lastIndex) this.#truncate(first.index);
    for (const entry of entries) this.#entries.push(entry);
  }

  /** Starts the log anew after a snapshot. */
  restore(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#snapshotTaken = false;
    this.#offset = snapshot.index + 1n;
    this.#entries = [];
    this.#forget(snapshot.index);
    this.#taken = snapshot.index;
  }

  /** Whatever was not handed out yet, under the number of its `Ready`. */
  take(number: number): { snapshot: Snapshot | undefined; entries: readonly Entry[] } {
    const snapshot = this.#snapshotTaken ? undefined : this.#snapshot;
    const entries = this.#entries.slice(Number(this.#taken + 1n - this.#offset));
    if (!snapshot && entries.length === 0) return { snapshot, entries };
    this.#snapshotTaken = this.#snapshot !== undefined;
    this.#taken = this.lastIndex;
    this.#batches.push({ number, snapshot, last: this.#taken });
    return { snapshot, entries };
  }

  /** Everything handed out up to that number is durable: the storage has it, as far as it still is the log. */
  persisted(number: number): void {
    while (this.#batches[0] && this.#batches[0].number <= number) {
      const { snapshot, last } = defined(this.#batches.shift(), "a batch");
      if (snapshot && snapshot === this.#snapshot) this.#snapshot = undefined;
      if (last < this.#offset) continue;
      this.#entries.splice(0, Number(last - this.#offset) + 1);
      this.#offset = last + 1n;
    }
  }

  #truncate(from: Index): void {
    if (from < this.#offset) {
      this.#offset = from;
      this.#entries = [];
    } else {
      this.#entries.length = Number(from - this.#offset);
    }
    this.#forget(from - 1n);
  }

  #forget(last: Index): void {
    if (this.#taken > last) this.#taken = last;
    for (const batch of this.#batches) if (batch.last > last) batch.last = last;
  }
}
