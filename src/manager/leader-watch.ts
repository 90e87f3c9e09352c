import { type Leadership, nobodyLeads } from "../consensus/leadership.ts";
import { onAbort } from "../lib/bell.ts";
import type { Clock } from "../ports/clock.ts";

/** Who leads now, for the parts of a manager that go by it. */
export class LeaderWatch {
  readonly #clock: Clock;
  readonly #listeners = new Set<(leadership: Leadership) => void>();
  #current: Leadership = nobodyLeads;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get current(): Leadership {
    return this.#current;
  }

  /** Tells all listeners, in the order they came. */
  set(leadership: Leadership): void {
    this.#current = leadership;
    for (const listener of [...this.#listeners]) listener(leadership);
  }

  /** Calls `listener` at each change, at once and in order; it must be quick. Returns what ends that. */
  onChange(listener: (leadership: Leadership) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves as soon as `accept` does, after `limitMs`, or when `signal` aborts: callers look at `current` then. */
  until(accept: (leadership: Leadership) => boolean, limitMs: number, signal: AbortSignal): Promise<void> {
    if (accept(this.#current) || signal.aborted) return Promise.resolve();
    return new Promise(resolve => {
      const done = (): void => {
        timer.cancel();
        stopListening();
        unhook();
        resolve();
      };
      const timer = this.#clock.after(limitMs, done);
      const stopListening = this.onChange(leadership => {
        if (accept(leadership)) done();
      });
      const unhook = onAbort(signal, done);
    });
  }
}
