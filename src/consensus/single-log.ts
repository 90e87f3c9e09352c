import { create, fromBinary } from "@bufbuild/protobuf";
import { assert } from "../lib/assert.ts";
import { asFault, Fault } from "../lib/fault.ts";
import type { Disk } from "../ports/disk.ts";
import type { Logger } from "../ports/log.ts";
import type { Proposal, Proposer } from "../store/proposer.ts";
import type { Store } from "../store/store.ts";
import { findCluster } from "../store/the-cluster.ts";
import { InternalRaftRequestSchema } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { SnapshotSchema } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import type { Sealer } from "./sealer.ts";
import { dropOldSnapshots, readSnapshot, writeSnapshot } from "./snapshot-file.ts";
import { WriteAheadLog } from "./write-ahead-log.ts";

/** Entries between two snapshots where the cluster does not say. SwarmKit's default. */
const defaultSnapshotInterval = 10_000n;

export interface SingleLogOptions {
  readonly store: Store;
  readonly disk: Disk;
  /** Directory of log and snapshots; nothing else may be in it. */
  readonly directory: string;
  readonly sealer: Sealer;
  readonly log: Logger;
  /** Called once when the log cannot be written any more: this manager must stop serving. */
  readonly onBroken: (fault: Fault) => void;
}

/**
 * Consensus of one: a proposal is committed when this machine's disk has it. Takes raft's place behind `Proposer` in a
 * swarm with a single manager, and keeps the same log.
 */
export class SingleLog implements Proposer {
  readonly #options: SingleLogOptions;
  readonly #log: WriteAheadLog;
  #snapshotIndex: bigint;
  #snapshotting: Promise<void> | undefined;
  #proposal: Promise<void> | undefined;
  #closing = false;

  private constructor(options: SingleLogOptions, log: WriteAheadLog, snapshotIndex: bigint) {
    this.#options = options;
    this.#log = log;
    this.#snapshotIndex = snapshotIndex;
  }

  /** Brings the store to where the disk says it was, and takes its proposals from then on. */
  static async open(options: SingleLogOptions): Promise<SingleLog> {
    const { store } = options;
    const found = await readSnapshot(options);
    if (found?.snapshot.store) store.restore(found.snapshot.store, found.index);
    const snapshotIndex = found?.index ?? 0n;
    const { log, records } = await WriteAheadLog.open(options, snapshotIndex + 1n);
    for (const { index, payload } of records) store.apply(index, fromBinary(InternalRaftRequestSchema, payload));
    const self = new SingleLog(options, log, snapshotIndex);
    store.attach(self);
    return self;
  }

  /** Fault unavailable once it is being closed. */
  nextIndex(): bigint {
    if (this.#closing) throw new Fault("unavailable", "Cannot change the cluster: this manager is stopping");
    return this.#log.next;
  }

  async propose(batch: readonly Proposal[]): Promise<void> {
    assert(!this.#proposal, "the store proposes one batch at a time");
    this.#proposal = this.#commit(batch);
    try {
      await this.#proposal;
    } finally {
      this.#proposal = undefined;
    }
    this.#snapshotWhenDue();
  }

  /** Waits for the proposal and the snapshot that are under way, then lets go of the files. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled([this.#proposal]);
    await this.#snapshotting;
    await this.#log.close();
  }

  async #commit(batch: readonly Proposal[]): Promise<void> {
    try {
      const first = this.#log.next;
      await this.#log.append(batch.map(proposal => proposal.bytes));
      for (const [at, proposal] of batch.entries()) this.#options.store.apply(first + BigInt(at), proposal.request);
    } catch (error) {
      const fault = asFault(error);
      if (fault.code !== "resource_exhausted") this.#options.onBroken(fault);
      throw fault;
    }
  }

  #snapshotWhenDue(): void {
    const index = this.#log.next - 1n;
    if (this.#snapshotting || index - this.#snapshotIndex < this.#raftConfig().interval) return;
    this.#snapshotting = this.#snapshot(index)
      .catch(error => this.#options.log.error("cannot write a snapshot", { reason: asFault(error).message }))
      .finally(() => {
        this.#snapshotting = undefined;
      });
  }

  async #snapshot(index: bigint): Promise<void> {
    const snapshot = create(SnapshotSchema, { store: this.#options.store.snapshot() });
    await writeSnapshot(this.#options, index, snapshot);
    this.#snapshotIndex = index;
    await dropOldSnapshots(this.#options, this.#raftConfig().keepOld);
    await this.#log.dropThrough(index);
  }

  #raftConfig(): { interval: bigint; keepOld: number } {
    return this.#options.store.view(tx => {
      const raft = findCluster(tx)?.spec.raft;
      return {
        interval: raft?.snapshotInterval || defaultSnapshotInterval,
        keepOld: Number(raft?.keepOldSnapshots ?? 0n),
      };
    });
  }
}
