import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { Bell, onAbort } from "../lib/bell.ts";
import { asFault, type Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Meters } from "../ports/meters.ts";
import type { Random } from "../ports/random.ts";

/** Everything is compared with what there really is this often, in milliseconds, besides after every failure. */
const comparePeriodMs = 60_000;
/** Between tries of what failed. The first comes soon: an engine lets go of a container's network a moment after its end. */
const retryBackoff: Backoff = { firstMs: 100, longestMs: 30_000 };

export interface ReconcilerOptions {
  /** Brings about what is wanted now. `compare`: what was done before is not to be relied on. */
  readonly pass: (compare: boolean) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly meters: Pick<Meters, "networkApplied">;
}

/** Makes passes: one after every change of what is wanted, soon again after a failure, and once a minute anyway. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #bell = new Bell();
  readonly #stopping = new AbortController();
  readonly #waiters = new Set<() => void>();
  #running: Promise<void> | undefined;
  /** Something may be other than it was made. */
  #isDoubtful = false;
  /** Passes that failed one after the other while the same was wanted. */
  #failures = 0;
  #fault: Fault | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Why the last pass failed; undefined when it did not. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Something else is wanted, or what stood in the way may be gone: what failed is tried at once, and soon again. */
  renew(): void {
    this.#failures = 0;
    this.wake();
  }

  /** Makes a pass: begins with the first call. */
  wake(): void {
    if (this.#stopping.signal.aborted) return;
    this.#running ??= this.#run(this.#stopping.signal);
    this.#bell.ring();
  }

  /** Resolves after the next pass, whatever became of it, or when `signal` aborts. */
  passed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise(resolve => {
      const finish = (): void => {
        this.#waiters.delete(finish);
        forget();
        resolve();
      };
      this.#waiters.add(finish);
      const forget = onAbort(signal, finish);
    });
  }

  /** Makes a pass that relies on nothing; resolves when it has been made, whatever became of it, or when `signal` aborts. */
  async compareNow(signal: AbortSignal): Promise<void> {
    this.#isDoubtful = true;
    this.wake();
    do await this.passed(signal);
    while (this.#isDoubtful && !signal.aborted && !this.#stopping.signal.aborted);
  }

  /** Lets go who waits for a pass: what they wait for may have changed without one. */
  release(): void {
    for (const finish of [...this.#waiters]) finish();
  }

  /** Makes no more passes; resolves when none is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#bell.ring();
    await this.#running;
    this.release();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    let comparedAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      const now = clock.monotonic();
      const compare = this.#fault !== undefined || this.#isDoubtful || now - comparedAt >= comparePeriodMs;
      if (compare) comparedAt = now;
      this.#isDoubtful = false;
      this.#failures = (await this.#pass(compare)) ? 0 : this.#failures + 1;
      const waitMs = this.#failures > 0 ? backoffMs(retryBackoff, this.#failures, random.float()) : comparePeriodMs;
      const timer = clock.after(waitMs, () => this.#bell.ring());
      if (!signal.aborted) await this.#bell.wait();
      timer.cancel();
    }
  }

  /** Whether it went well. */
  async #pass(compare: boolean): Promise<boolean> {
    const { clock, meters } = this.#options;
    const began = clock.monotonic();
    try {
      await this.#options.pass(compare);
      this.#fault = undefined;
    } catch (error) {
      const fault = asFault(error);
      if (fault.message !== this.#fault?.message)
        this.#options.log.warn("this node's networks are not as they ought to be", { reason: fault.message });
      this.#fault = fault;
    }
    meters.networkApplied(clock.monotonic() - began, this.#fault === undefined);
    this.release();
    return this.#fault === undefined;
  }
}
