import { assert, defined } from "../lib/assert.ts";
import { type Configuration, noConfiguration } from "./configuration.ts";
import { type Entry, type HardState, type Index, nobody, payloadBytes, type Snapshot, type Term } from "./entry.ts";
import type { Save } from "./ready.ts";
import type { Storage } from "./storage.ts";

/** The saved log in memory: all there is in a test, and in front of its disk what a driver lets the core read from. */
export class MemoryStorage implements Storage {
  #hardState: HardState = { term: 0n, vote: nobody, commit: 0n };
  #configuration: Configuration = noConfiguration;
  /** Up to here a snapshot stands for the log, wherever it is kept. */
  #covered: Index = 0n;
  #source: () => Snapshot | undefined = () => undefined;
  /** The place before the first entry. */
  #base: { index: Index; term: Term } = { index: 0n, term: 0n };
  #entries: Entry[] = [];

  get hardState(): HardState {
    return this.#hardState;
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  get firstIndex(): Index {
    return this.#base.index + 1n;
  }

  get lastIndex(): Index {
    return this.#base.index + BigInt(this.#entries.length);
  }

  term(index: Index): Term | undefined {
    return index === this.#base.index ? this.#base.term : this.#entries[this.#place(index)]?.term;
  }

  entries(from: Index, to: Index, maxBytes: number): readonly Entry[] {
    const [start, end] = [this.#place(from), this.#place(to) + 1];
    assert(start >= 0 && end <= this.#entries.length, `the entries ${from} to ${to} are not there`);
    return withinBytes(this.#entries, start, end, maxBytes);
  }

  snapshot(): Snapshot | undefined {
    return this.#source();
  }

  /** Takes in what the core wants saved, in the order that `Save` asks for. */
  save(save: Save): void {
    if (save.snapshot) this.install(save.snapshot);
    this.append(save.entries);
    if (save.hardState) this.#hardState = save.hardState;
  }

  setHardState(hardState: HardState): void {
    this.#hardState = hardState;
  }

  /** Appends; what was there from the first new entry's index on is gone. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (!first) return;
    const place = this.#place(first.index);
    assert(place >= 0 && place <= this.#entries.length, `entry ${first.index} does not follow the log's last`);
    this.#entries.length = place;
    for (const entry of entries) this.#entries.push(entry);
  }

  /** Puts another node's snapshot in the place of the whole log, and keeps it until the next one. */
  install(snapshot: Snapshot): void {
    this.#base = { index: snapshot.index, term: snapshot.term };
    this.#entries = [];
    this.record(snapshot);
  }

  /** Keeps a snapshot of this node's own state machine; the log stays until it is compacted. */
  record(snapshot: Snapshot): void {
    this.offer(snapshot, () => snapshot);
  }

  /**
   * As `record`, of a snapshot that is kept elsewhere, on a disk say. `source` is asked whenever a follower needs it: it says
   * undefined until it has it at hand, and may give a later one.
   */
  offer({ index, configuration }: Omit<Snapshot, "data">, source: () => Snapshot | undefined): void {
    assert(index >= this.#base.index && index <= this.lastIndex, "the snapshot is not of this log");
    this.#covered = index;
    this.#configuration = configuration;
    this.#source = source;
  }

  /** Drops the log up to `index`, which the latest snapshot must cover. */
  compact(index: Index): void {
    if (index <= this.#base.index) return;
    assert(index <= this.#covered, `the log up to ${index} is in no snapshot`);
    const term = defined(this.term(index), `the term of ${index}`);
    this.#entries.splice(0, this.#place(index) + 1);
    this.#base = { index, term };
  }

  #place(index: Index): number {
    return Number(index - this.#base.index) - 1;
  }
}

/** `entries[start … end)`, or fewer once they weigh more than `maxBytes`, but at least one. */
export function withinBytes(entries: readonly Entry[], start: number, end: number, maxBytes: number): readonly Entry[] {
  let stop = start;
  let bytes = 0;
  while (stop < end) {
    bytes += payloadBytes(defined(entries[stop], "an entry"));
    if (bytes > maxBytes && stop > start) break;
    stop += 1;
  }
  return entries.slice(start, stop);
}
