import { asFault } from "../lib/fault.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Configuration } from "../raft/configuration.ts";
import type { Index, Snapshot, Term } from "../raft/entry.ts";
import type { Store } from "../store/store.ts";
import { findCluster } from "../store/the-cluster.ts";
import type { Journal } from "./journal.ts";
import type { MemberBook } from "./member-book.ts";
import type { SnapshotInParts } from "./snapshot-files.ts";
import { encodeStateInParts } from "./swarm-state.ts";

/** Entries between two snapshots where the cluster does not say. SwarmKit's default. */
const defaultInterval = 10_000n;
/** Entries kept behind a snapshot for followers that are slow, where the cluster does not say. SwarmKit's default. */
const defaultKeptEntries = 500n;
/** Bytes of entries to each byte of the last snapshot: taking one costs several times what as many bytes of entries did. */
const entriesPerSnapshot = 2;
/** Bytes of entries that are due a snapshot, however few they are: a restart applies them all, a second and more of work. */
const dueLogBytes = 32 * 1024 * 1024;
/** Bytes of entries that are due one however big the state is: they are all kept in memory. */
const maxLogBytes = 256 * 1024 * 1024;

/** The place in the log that the store stands at. */
export interface Applied {
  readonly index: Index;
  readonly term: Term;
  readonly configuration: Configuration;
}

export interface SnapshotterOptions {
  readonly store: Store;
  readonly book: MemberBook;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  /** The snapshot that this manager started from, if there was one. */
  readonly found: Snapshot | undefined;
}

/** Puts snapshots behind the log, so that neither it nor a restart grows without end. */
export class Snapshotter {
  readonly #options: SnapshotterOptions;
  #index: Index;
  #bytes: number;
  /** Bytes of entries applied since the last one. */
  #logBytes = 0;
  #work: Promise<void> | undefined;

  constructor(options: SnapshotterOptions) {
    this.#options = options;
    this.#index = options.found?.index ?? 0n;
    this.#bytes = options.found?.data.length ?? 0;
  }

  /** Up to where there is a snapshot on disk. */
  get index(): Index {
    return this.#index;
  }

  /** The last snapshot's size; 0 when there is none. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Another manager's snapshot took the place of the log. */
  restart({ index, data }: Snapshot): void {
    this.#index = index;
    this.#bytes = data.length;
    this.#logBytes = 0;
  }

  /** More is applied. Takes a snapshot in the background when enough is. */
  grown(bytes: number, applied: Applied): void {
    this.#logBytes += bytes;
    if (this.#work || !this.#isDue(applied.index)) return;
    this.#logBytes = 0;
    this.#work = this.#take(applied)
      .catch(error => this.#options.log.error("cannot write a snapshot", { reason: asFault(error).message }))
      .finally(() => {
        this.#work = undefined;
      });
  }

  /** The state of this moment as a snapshot, for whoever wants to keep it elsewhere. */
  async capture(applied: Applied): Promise<Snapshot> {
    const { data, ...place } = await this.#captureInParts(applied);
    return { ...place, data: Buffer.concat(data) };
  }

  /** Waits for the one that is being taken. */
  async close(): Promise<void> {
    await this.#work;
  }

  /** A big state is written seldom: writing all of it takes half as much as the log that it follows. */
  #isDue(applied: Index): boolean {
    if (this.#logBytes >= maxLogBytes) return true;
    if (this.#logBytes < entriesPerSnapshot * this.#bytes) return false;
    return this.#logBytes >= dueLogBytes || applied - this.#index >= this.#raftConfig().interval;
  }

  async #take(applied: Applied): Promise<void> {
    const { entries, oldSnapshots } = this.#raftConfig();
    const snapshot = await this.#captureInParts(applied);
    this.#bytes = await this.#options.journal.record(snapshot, { entries, oldSnapshots });
    if (snapshot.index > this.#index) this.#index = snapshot.index;
  }

  async #captureInParts({ index, term, configuration }: Applied): Promise<SnapshotInParts> {
    const { store, book, clock } = this.#options;
    const state = { store: store.snapshot(), members: book.members, removed: book.removed };
    const data = await encodeStateInParts(state, () => sleep(clock, 0));
    return { index, term, configuration, data };
  }

  #raftConfig(): { interval: bigint; entries: bigint; oldSnapshots: number } {
    const raft = this.#options.store.view(tx => findCluster(tx))?.spec.raft;
    return {
      interval: raft?.snapshotInterval || defaultInterval,
      entries: raft?.logEntriesForSlowFollowers ?? defaultKeptEntries,
      oldSnapshots: Number(raft?.keepOldSnapshots ?? 0n),
    };
  }
}
