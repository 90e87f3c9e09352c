import { Store, type StoreOptions } from "../../store/store.ts";
import type { InternalRaftRequest } from "../../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import type { StoreSnapshot } from "../../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";

export interface StoreWatcher {
  /** An entry of the log has changed the store. */
  applied(store: Store, index: bigint, request: InternalRaftRequest): void;
  /** A snapshot has taken the place of everything. */
  restored(store: Store, index: bigint): void;
}

/** A manager's store, with somebody who watches what it takes in. */
export class WatchedStore extends Store {
  readonly #watcher: StoreWatcher;

  constructor(options: StoreOptions, watcher: StoreWatcher) {
    super(options);
    this.#watcher = watcher;
  }

  override apply(index: bigint, request: InternalRaftRequest): void {
    const isNew = index > this.version;
    super.apply(index, request);
    if (isNew) this.#watcher.applied(this, index, request);
  }

  override restore(snapshot: StoreSnapshot, index: bigint): void {
    super.restore(snapshot, index);
    this.#watcher.restored(this, index);
  }
}
