import { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import { decodeRequest } from "../store/encoding.ts";
import type { Proposal, Proposer } from "../store/proposer.ts";
import { Store } from "../store/store.ts";
import { TaskReader } from "../store/task-reader.ts";
import { SimClock } from "./clock.ts";

export interface SimStoreOptions {
  readonly clock?: Clock;
  /** Proposals wait until the test calls `proposer.release()`. */
  readonly hold?: boolean;
  /** Entries go through their bytes, as on a follower or after a restart. */
  readonly encode?: boolean;
}

/** A store with a log in memory, for tests. Everything in it is frozen to the bottom, so that changing it throws. */
export function newSimStore(options: SimStoreOptions = {}): SimStore {
  return new SimStore(options);
}

export class SimStore extends Store {
  readonly proposer: SimProposer;

  constructor(options: SimStoreOptions) {
    super({ clock: options.clock ?? new SimClock(), guard: deepFreeze });
    this.proposer = new SimProposer(this, options);
    this.attach(this.proposer);
  }
}

interface Held {
  readonly batch: readonly Proposal[];
  readonly commit: () => void;
  readonly reject: (fault: Fault) => void;
}

/** Commits at once, or when told to. */
export class SimProposer implements Proposer {
  readonly #store: Store;
  readonly #options: SimStoreOptions;
  readonly #held: Held[] = [];
  readonly #tasks = new TaskReader();
  #down: Fault | undefined;
  /** Entries of each proposal so far. */
  readonly batchSizes: number[] = [];

  constructor(store: Store, options: SimStoreOptions) {
    this.#store = store;
    this.#options = options;
  }

  nextIndex(): bigint {
    if (this.#down) throw this.#down;
    return this.#store.version + 1n;
  }

  async propose(batch: readonly Proposal[]): Promise<void> {
    this.batchSizes.push(batch.length);
    if (!this.#options.hold) return this.#commit(batch);
    await new Promise<void>((resolve, reject) => {
      this.#held.push({ batch, commit: resolve, reject });
    });
  }

  /** Entries that wait for `release`. */
  get held(): number {
    return this.#held.reduce((sum, { batch }) => sum + batch.length, 0);
  }

  /** Commits what waits. */
  release(): void {
    for (const { batch, commit } of this.#held.splice(0)) {
      this.#commit(batch);
      commit();
    }
  }

  /** Fails what waits, as when leadership is lost. */
  fail(fault = new Fault("unavailable", "the leader is gone")): void {
    for (const { reject } of this.#held.splice(0)) reject(fault);
  }

  /** Refuses (or takes again) further updates, as a manager that does not lead. */
  setLeader(leading: boolean): void {
    this.#down = leading ? undefined : new Fault("unavailable", "this manager does not lead");
  }

  #commit(batch: readonly Proposal[]): void {
    for (const { request, bytes } of batch) {
      const applied = this.#options.encode ? decodeRequest(bytes, this.#tasks) : request;
      this.#store.apply(this.#store.version + 1n, applied);
    }
  }
}

/** Freezes a value and all it holds, byte arrays excepted (those cannot be). */
export function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
}
