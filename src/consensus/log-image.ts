import { Fault } from "../lib/fault.ts";
import { noConfiguration } from "../raft/configuration.ts";
import type { Entry, HardState, Index, Snapshot, Term } from "../raft/entry.ts";
import type { MemoryStorage } from "../raft/memory-storage.ts";
import type { Identity, LogItem } from "./log-record.ts";

/** What the records of a log come to, taken one after the other. */
export class LogImage {
  identity: Identity | undefined;
  #hardState: HardState | undefined;
  /** The place before the first entry. Its term is not known where the segments before were dropped. */
  #base: { readonly index: Index; readonly term: Term | undefined } | undefined;
  #entries: Entry[] = [];

  /** Fault data_loss for an entry that does not follow on what was there. */
  take(item: LogItem): void {
    switch (item.kind) {
      case "identity":
        this.identity = item.identity;
        break;
      case "hard-state":
        this.#hardState = item.hardState;
        break;
      case "entry":
        this.#add(item.entry);
        break;
      case "restart":
        this.#base = { index: item.index, term: item.term };
        this.#entries = [];
        break;
      default:
        item satisfies never;
    }
  }

  /**
   * Fills an empty storage with the log from where `snapshot` lets it begin, or earlier. Returns whether the snapshot takes
   * the place of the whole log. Fault data_loss when snapshot and log leave a gap between them.
   */
  fill(storage: MemoryStorage, snapshot: Snapshot | undefined): boolean {
    const isRestart = snapshot !== undefined && !this.#holds(snapshot);
    if (isRestart) storage.install({ ...snapshot, data: nothing });
    else this.#fillFromLog(storage, snapshot);
    if (this.#hardState) storage.setHardState(this.#hardState);
    return isRestart;
  }

  #add(entry: Entry): void {
    if (!this.#base || entry.index <= this.#base.index) {
      this.#base = entry.index === 1n ? { index: 0n, term: 0n } : { index: entry.index - 1n, term: undefined };
      this.#entries = [];
    }
    const place = Number(entry.index - this.#base.index) - 1;
    if (place > this.#entries.length)
      throw new Fault("data_loss", `Cannot read the log: what comes before entry ${entry.index} is missing`);
    this.#entries.length = place;
    this.#entries.push(entry);
  }

  #fillFromLog(storage: MemoryStorage, snapshot: Snapshot | undefined): void {
    const { index, term } = this.#base ?? { index: 0n, term: 0n };
    if (index > (snapshot?.index ?? 0n))
      throw new Fault("data_loss", `Cannot read the log: it begins after entry ${index}, and no snapshot goes so far`);
    // A place whose term nobody knows is of no use to a follower; the first entry's own place is.
    const known = term ?? (index === snapshot?.index ? snapshot.term : undefined);
    const [first] = this.#entries;
    if (known !== undefined) place(storage, index, known);
    else if (first) place(storage, first.index, first.term);
    storage.append(known === undefined ? this.#entries.slice(1) : this.#entries);
  }

  /** Whether the log has what the snapshot stands for, or begins right after it. */
  #holds({ index, term }: Snapshot): boolean {
    const { index: base, term: baseTerm } = this.#base ?? { index: 0n, term: 0n };
    // A log that begins later is not restarted but found to have a gap.
    if (index < base) return true;
    if (index === base) return baseTerm === undefined || baseTerm === term;
    return this.#entries[Number(index - base) - 1]?.term === term;
  }
}

const nothing = new Uint8Array();

function place(storage: MemoryStorage, index: Index, term: Term): void {
  if (index > 0n) storage.install({ index, term, configuration: noConfiguration, data: nothing });
}
