import type { Clock, Timer } from "../ports/clock.ts";
import type { SimRandom } from "./random.ts";

/** What a dead program waits for. */
const never = new Promise<never>(() => {});

/**
 * A program on a simulated machine, as the doors that it was given see it. When it is killed nothing it began goes on:
 * its timers are gone, and whatever it waits for at a door never comes.
 */
export class SimProcess {
  readonly clock: Clock;
  readonly random: SimRandom;
  readonly #timers = new Set<Timer>();
  readonly #death = new AbortController();
  #tellDeath: () => void = () => {};
  /** Resolves when it is killed. */
  readonly died: Promise<void>;

  /** `skewMs` is how far its wall clock is ahead. */
  constructor(options: { clock: Clock; random: SimRandom; skewMs?: number }) {
    const { clock, random, skewMs = 0 } = options;
    this.random = random;
    this.clock = {
      now: () => clock.now() + skewMs,
      monotonic: () => clock.monotonic(),
      after: (ms, run) => this.#after(clock, ms, run),
    };
    this.died = new Promise(resolve => {
      this.#tellDeath = resolve;
    });
  }

  get alive(): boolean {
    return !this.#death.signal.aborted;
  }

  /** Aborts when it is killed: for what waits in its name. */
  get death(): AbortSignal {
    return this.#death.signal;
  }

  /** Timers that it waits for. */
  get timers(): number {
    return this.#timers.size;
  }

  /** SIGKILL. */
  kill(): void {
    this.#death.abort();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#tellDeath();
  }

  /** What work at a door comes to: nothing any more for a program that is dead by then. */
  async outcome<T>(work: Promise<T>): Promise<T> {
    try {
      const value = await work;
      return this.alive ? value : await never;
    } catch (error) {
      if (!this.alive) await never;
      throw error;
    }
  }

  #after(clock: Clock, ms: number, run: () => void): Timer {
    if (!this.alive) return { cancel: () => {} };
    const timer = clock.after(ms, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        timer.cancel();
        this.#timers.delete(timer);
      },
    };
  }
}
