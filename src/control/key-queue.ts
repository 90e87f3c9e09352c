import { type Backoff, backoffMs } from "../lib/backoff.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";

/** Keys a queue holds, ready or waiting. Beyond it keys are dropped and `overflowed` asks for a rescan. */
export const maxQueuedKeys = 200_000;

/** Between tries of a key whose write failed: leadership lost, disk full, too many writes waiting. */
const faultBackoff: Backoff = { firstMs: 100, longestMs: 10_000 };

/** Longest a timer is set for; rescans come far earlier. */
const longestDelayMs = 3_600_000;

interface Waiting {
  readonly at: number;
  readonly timer: Timer;
}

/**
 * Keys to look at: each at most once, in order of arrival, never two looks at one key at the same time. A key that is
 * added while it is being looked at comes again afterwards.
 */
export class KeyQueue {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onReady: () => void;
  readonly #ready = new Set<string>();
  readonly #busy = new Set<string>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #failures = new Map<string, number>();
  #overflowed = false;

  /** `onReady` is called when a key becomes ready, maybe in the middle of something: it should only wake a loop. */
  constructor(options: { readonly clock: Clock; readonly random: Random; readonly onReady: () => void }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#onReady = options.onReady;
  }

  /** Asks for a look in `afterMs`, at the latest: an earlier one that is planned stands, and so does a backoff. */
  add(key: string, afterMs = 0): void {
    if (this.#failures.has(key) && this.#waiting.has(key)) return;
    if (this.#full(key)) this.#overflowed = true;
    else if (afterMs <= 0) this.#addNow(key);
    else this.#addLater(key, Math.min(afterMs, longestDelayMs));
  }

  /** The next key, which is busy until `done` or `failed`. */
  take(): string | undefined {
    for (const key of this.#ready) {
      if (this.#busy.has(key)) continue;
      this.#ready.delete(key);
      this.#forgetTimer(key);
      this.#busy.add(key);
      return key;
    }
    return undefined;
  }

  done(key: string): void {
    this.#failures.delete(key);
    this.#free(key);
  }

  /** As `done`, and asks for another look after a while that grows with each failure. Returns that while. */
  failed(key: string): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const delay = backoffMs(faultBackoff, failures, this.#random.float());
    this.#ready.delete(key);
    this.#busy.delete(key);
    this.add(key, delay);
    return delay;
  }

  /** Whether keys were dropped since the last call. */
  takeOverflow(): boolean {
    const overflowed = this.#overflowed;
    this.#overflowed = false;
    return overflowed;
  }

  /** Forgets all keys that nobody looks at. */
  clear(): void {
    for (const { timer } of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
    this.#ready.clear();
  }

  #full(key: string): boolean {
    return this.#ready.size + this.#waiting.size >= maxQueuedKeys && !this.#ready.has(key) && !this.#waiting.has(key);
  }

  #addNow(key: string): void {
    this.#ready.add(key);
    if (!this.#busy.has(key)) this.#onReady();
  }

  #addLater(key: string, afterMs: number): void {
    const at = this.#clock.monotonic() + afterMs;
    const planned = this.#waiting.get(key);
    if (planned && planned.at <= at) return;
    planned?.timer.cancel();
    const timer = this.#clock.after(afterMs, () => {
      this.#waiting.delete(key);
      this.#addNow(key);
    });
    this.#waiting.set(key, { at, timer });
  }

  #forgetTimer(key: string): void {
    this.#waiting.get(key)?.timer.cancel();
    this.#waiting.delete(key);
  }

  #free(key: string): void {
    this.#busy.delete(key);
    if (this.#ready.has(key)) this.#onReady();
  }
}
