import { assert } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import type { ObjectKind } from "../model/objects.ts";
import type { Clock } from "../ports/clock.ts";
import type { InternalRaftRequest } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import type { StoreSnapshot } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import { toChanges } from "./changes.ts";
import { commit } from "./commit.ts";
import { GroupCommit } from "./group-commit.ts";
import type { Proposer } from "./proposer.ts";
import { loadSnapshot, takeSnapshot } from "./snapshot.ts";
import { newTables, type Tables } from "./tables.ts";
import { Running } from "./transaction.ts";
import type { ReadTx, StoreEvent, WriteTx } from "./tx.ts";
import { Watch, type WatchOptions } from "./watch.ts";

/** Who is told of committed changes. */
interface CommitListener {
  /** Undefined for all. */
  readonly kinds: ReadonlySet<ObjectKind> | undefined;
  readonly tell: (events: readonly StoreEvent[]) => void;
}

export interface StoreOptions {
  /** Times of creation and change come from it. */
  readonly clock: Pick<Clock, "now">;
  /** Called with every object that goes into a table; tests freeze them here. */
  readonly guard?: (object: object) => void;
}

/**
 * The replicated objects of the swarm, in memory. Reads look at what is committed. Writes go through the proposer and
 * change the tables only when their entry comes back through `apply`, the same way on the leader and on followers.
 */
export class Store {
  readonly #running = new Running();
  readonly #tables: Tables;
  readonly #updates: GroupCommit;
  readonly #watches = new Set<Watch>();
  /** Never changed, but replaced: there is a round of them for each entry, and not many come and go. */
  #commitListeners: readonly CommitListener[] = [];
  readonly #restoreListeners = new Set<() => void>();
  #version = 0n;

  constructor(options: StoreOptions) {
    this.#tables = newTables({ running: this.#running, guard: options.guard ?? (() => {}) });
    this.#updates = new GroupCommit(this.#tables, this.#running, options.clock);
  }

  /** Index of the last log entry applied; 0 before the first. */
  get version(): bigint {
    return this.#version;
  }

  /** Gives the store the log that its updates go to. Until then they are refused with unavailable. */
  attach(proposer: Proposer): void {
    this.#updates.attach(proposer);
  }

  /** Reads at one moment. The callback must not keep `tx`. */
  view<T>(callback: (tx: ReadTx) => T): T {
    assert(this.#running.idle, "a view inside a transaction: it would see what is not committed");
    return callback(this.#tables);
  }

  /**
   * Runs the callback with others one after the other, maybe not at once, and resolves with its value when its writes are
   * committed and applied here. A throw takes back this callback's writes and rejects; without writes nothing is proposed.
   * Faults: unavailable when it is not known whether the writes are committed, resource_exhausted when too many updates
   * wait or the writes are too large for one log entry.
   */
  update<T>(callback: (tx: WriteTx) => T): Promise<T> {
    return this.#updates.submit(callback);
  }

  /**
   * Calls `tell` with the events of each committed entry, right after it was applied; with those of certain kinds alone where they are
   * given, and not at all where there are none of them. Returns what ends that.
   */
  onCommit(tell: (events: readonly StoreEvent[]) => void, kinds?: readonly ObjectKind[]): () => void {
    const own: CommitListener = { kinds: kinds && new Set(kinds), tell };
    this.#commitListeners = [...this.#commitListeners, own];
    return () => {
      this.#commitListeners = this.#commitListeners.filter(one => one !== own);
    };
  }

  /** Calls `listener` after a snapshot replaced everything: there are no events for that. Returns what ends that. */
  onRestore(listener: () => void): () => void {
    this.#restoreListeners.add(listener);
    return () => this.#restoreListeners.delete(listener);
  }

  /** Committed changes from this call on; see `Watch`. */
  watch(options: WatchOptions): AsyncIterableIterator<readonly StoreEvent[]> {
    const watch = new Watch(options, ended => this.#watches.delete(ended));
    if (!watch.done) this.#watches.add(watch);
    return watch;
  }

  /**
   * Makes a committed entry's changes. Entries that are applied already are passed over, so that a log can be replayed
   * from before its snapshot. Fault data_loss when the entry does not fit.
   */
  apply(index: bigint, request: InternalRaftRequest): void {
    assert(this.#running.idle, "an entry applied inside a transaction");
    if (index <= this.#version) return;
    const changes = this.#updates.own(index, request) ?? toChanges(request);
    const events = changes.map(change => commit(this.#tables, change, index));
    this.#version = index;
    this.#tell(events);
  }

  /** All objects. The message shares them with the store: encode it or read it, never change it. */
  snapshot(): StoreSnapshot {
    assert(this.#running.idle, "a snapshot inside a transaction");
    return takeSnapshot(this.#tables);
  }

  /** Replaces everything with a snapshot taken at `index`. Watches end with a Fault. */
  restore(snapshot: StoreSnapshot, index: bigint): void {
    assert(this.#running.idle, "a snapshot restored inside a transaction");
    loadSnapshot(this.#tables, snapshot);
    this.#version = index;
    for (const watch of [...this.#watches])
      watch.finish(new Fault("aborted", "Cannot watch on: a snapshot replaced the state"));
    for (const listener of [...this.#restoreListeners]) listener();
  }

  #tell(events: readonly StoreEvent[]): void {
    if (events.length === 0) return;
    if (this.#watches.size > 0) for (const watch of [...this.#watches]) watch.push(events);
    for (const { kinds, tell } of this.#commitListeners) {
      if (!kinds) tell(events);
      else if (events.some(({ kind }) => kinds.has(kind))) tell(ofKinds(events, kinds));
    }
  }
}

/** At least one of them is. Most entries hold one change, and then nothing is copied. */
function ofKinds(events: readonly StoreEvent[], kinds: ReadonlySet<ObjectKind>): readonly StoreEvent[] {
  return events.length === 1 ? events : events.filter(({ kind }) => kinds.has(kind));
}
