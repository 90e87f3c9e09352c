import { assert } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { InternalRaftRequest } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import type { Change } from "./change.ts";
import { toRequest } from "./changes.ts";
import { encodeRequest } from "./encoding.ts";
import type { Proposal, Proposer } from "./proposer.ts";
import type { Tables } from "./tables.ts";
import { type Running, Transaction } from "./transaction.ts";
import type { WriteTx } from "./tx.ts";

/** Updates that may wait for their turn; one more is refused. */
export const maxQueuedUpdates = 10_000;
/** Entries in one proposal. */
export const maxBatchEntries = 256;
/** Bytes of entries after which a proposal takes no more. */
export const maxBatchBytes = 2 * 1024 * 1024;
/** Bytes of one update's entry: the largest config (1,024,000 bytes) and its service fit. */
export const maxEntryBytes = 1.5 * 1024 * 1024;

const noBytes = new Uint8Array();

interface Update {
  /** Runs the callback; returns what tells its caller that all is well. */
  readonly run: (tx: WriteTx) => () => void;
  readonly reject: (error: unknown) => void;
}

/** How an update ended, told to its caller once what it may have read is committed. */
interface Outcome {
  readonly tell: () => void;
  readonly reject: (error: unknown) => void;
  /** Whether earlier updates in its batch, or it, wrote: then it shares the batch's fate. */
  readonly depends: boolean;
}

interface InFlight {
  readonly index: bigint;
  readonly changes: readonly Change[];
}

/**
 * Turns updates into proposals. What arrives while one proposal is under way waits, then runs one after the other, each
 * seeing those before it, and goes out as the next: one entry an update, one write to disk for all of them.
 */
export class GroupCommit {
  readonly #tables: Tables;
  readonly #running: Running;
  readonly #clock: Pick<Clock, "now">;
  readonly #queue: Update[] = [];
  readonly #inFlight = new Map<InternalRaftRequest, InFlight>();
  #proposer: Proposer | undefined;
  #busy = false;

  constructor(tables: Tables, running: Running, clock: Pick<Clock, "now">) {
    this.#tables = tables;
    this.#running = running;
    this.#clock = clock;
  }

  attach(proposer: Proposer): void {
    this.#proposer = proposer;
  }

  submit<T>(callback: (tx: WriteTx) => T): Promise<T> {
    if (this.#queue.length >= maxQueuedUpdates)
      return Promise.reject(
        new Fault("resource_exhausted", `Cannot change the cluster: ${maxQueuedUpdates} changes wait already`),
      );
    return new Promise<T>((resolve, reject) => {
      const run = (tx: WriteTx) => {
        const value = callback(tx);
        assert(!(value instanceof Promise), "a transaction's callback must not be asynchronous");
        return () => resolve(value);
      };
      this.#queue.push({ run, reject });
      if (!this.#busy) void this.#work();
    });
  }

  /** The changes of a request that was made here and is being applied; undefined for requests from elsewhere. */
  own(index: bigint, request: InternalRaftRequest): readonly Change[] | undefined {
    const made = this.#inFlight.get(request);
    assert(!made || made.index === index, `an entry stamped with index ${made?.index} was committed as ${index}`);
    return made?.changes;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    // Whatever is called in the same turn as the first joins its batch.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#commitNext();
    this.#busy = false;
  }

  async #commitNext(): Promise<void> {
    let proposer: Proposer;
    let first: bigint;
    try {
      proposer = this.#ready();
      first = proposer.nextIndex();
    } catch (error) {
      for (const update of this.#queue.splice(0)) update.reject(error);
      return;
    }
    const { proposals, outcomes } = this.#collect(first, proposer.needsBytes ?? true);
    let failure: { readonly error: unknown } | undefined;
    if (proposals.length > 0) failure = await this.#propose(proposer, proposals);
    for (const outcome of outcomes) {
      if (failure && outcome.depends) outcome.reject(failure.error);
      else outcome.tell();
    }
  }

  #ready(): Proposer {
    if (this.#proposer) return this.#proposer;
    throw new Fault("unavailable", "Cannot change the cluster: this manager has not joined its log yet");
  }

  async #propose(proposer: Proposer, proposals: readonly Proposal[]): Promise<{ readonly error: unknown } | undefined> {
    try {
      await proposer.propose(proposals);
      return undefined;
    } catch (error) {
      return { error };
    } finally {
      this.#inFlight.clear();
    }
  }

  /** Runs updates on the tables until the batch is full, then takes all of it back: only `apply` changes them for good. */
  #collect(first: bigint, needsBytes: boolean): { readonly proposals: Proposal[]; readonly outcomes: Outcome[] } {
    const proposals: Proposal[] = [];
    const outcomes: Outcome[] = [];
    const done: Transaction[] = [];
    let bytes = 0;
    while (proposals.length < maxBatchEntries && bytes < maxBatchBytes) {
      const update = this.#queue.shift();
      if (!update) break;
      const transaction = new Transaction(first + BigInt(proposals.length), this.#clock.now());
      try {
        const tell = this.#running.run(transaction, () => update.run(this.#tables));
        const proposal = this.#proposalOf(transaction, needsBytes);
        if (proposal) {
          proposals.push(proposal);
          done.push(transaction);
          bytes += proposal.bytes.length;
        }
        outcomes.push({ tell, reject: update.reject, depends: done.length > 0 });
      } catch (error) {
        transaction.undo();
        outcomes.push({ tell: () => update.reject(error), reject: update.reject, depends: done.length > 0 });
      }
    }
    for (const transaction of done.reverse()) transaction.undo();
    return { proposals, outcomes };
  }

  #proposalOf(transaction: Transaction, needsBytes: boolean): Proposal | undefined {
    const changes = transaction.changes();
    if (changes.length === 0) return undefined;
    const { index } = transaction.version;
    const request = toRequest(index, changes);
    const bytes = needsBytes ? encodeRequest(request) : noBytes;
    if (bytes.length > maxEntryBytes)
      throw new Fault(
        "resource_exhausted",
        `Cannot change the cluster: the change takes ${bytes.length} bytes, more than ${maxEntryBytes}`,
      );
    this.#inFlight.set(request, { index, changes });
    return { request, bytes };
  }
}
