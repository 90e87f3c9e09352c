import type { Clock, Timer } from "../ports/clock.ts";
import type { SimRandom } from "./random.ts";

/** What a dead program waits for. */
const never = new Promise<never>(() => {});

export interface SimProcessOptions {
  readonly clock: Clock;
  readonly random: SimRandom;
  /** How far its wall clock is ahead, in milliseconds. */
  readonly skewMs?: number;
  /** How fast its clocks go: 1.02 is two percent too fast. */
  readonly rate?: number;
}

/**
 * A program on a simulated machine, as the doors that it was given see it. When it is killed nothing it began goes on:
 * its timers are gone, and whatever it waits for at a door never comes. When it is paused nothing goes on either, until
 * it is resumed: then it does what had fallen due, late.
 */
export class SimProcess {
  readonly clock: Clock;
  readonly random: SimRandom;
  readonly #base: Clock;
  readonly #rate: number;
  readonly #timers = new Set<Timer>();
  readonly #death = new AbortController();
  #tellDeath: () => void = () => {};
  /** What fell due while it was paused; undefined while it runs. */
  #overdue: Set<() => void> | undefined;
  readonly #waitingForResume: (() => void)[] = [];
  /** Resolves when it is killed. */
  readonly died: Promise<void>;

  constructor(options: SimProcessOptions) {
    const { clock, random, skewMs = 0, rate = 1 } = options;
    this.random = random;
    this.#base = clock;
    this.#rate = rate;
    const drift = (): number => (rate - 1) * clock.monotonic();
    this.clock = {
      now: () => clock.now() + Math.floor(skewMs + drift()),
      monotonic: () => clock.monotonic() + drift(),
      after: (ms, run) => this.#after(ms, run),
    };
    this.died = new Promise(resolve => {
      this.#tellDeath = resolve;
    });
  }

  get alive(): boolean {
    return !this.#death.signal.aborted;
  }

  get isPaused(): boolean {
    return this.#overdue !== undefined;
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
    this.#overdue = undefined;
    for (const tell of this.#waitingForResume.splice(0)) tell();
    this.#tellDeath();
  }

  /** SIGSTOP, or a machine that swaps. Its network must be held up as well, by whoever has it. */
  pause(): void {
    if (this.alive) this.#overdue ??= new Set();
  }

  /** SIGCONT: what fell due meanwhile happens now, in order. */
  resume(): void {
    const overdue = this.#overdue ?? [];
    this.#overdue = undefined;
    for (const tell of this.#waitingForResume.splice(0)) tell();
    for (const fire of overdue) this.#base.after(0, fire);
  }

  /** Resolves when it is not paused: what came in meanwhile waits for that. */
  async resumed(): Promise<void> {
    while (this.isPaused) await new Promise<void>(resolve => this.#waitingForResume.push(resolve));
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

  #after(ms: number, run: () => void): Timer {
    if (!this.alive) return { cancel: () => {} };
    const fire = (): void => {
      if (!this.#timers.has(timer)) return;
      if (this.#overdue) {
        this.#overdue.add(fire);
        return;
      }
      this.#timers.delete(timer);
      run();
    };
    const waiting = this.#base.after(ms / this.#rate, fire);
    const timer = {
      cancel: () => {
        waiting.cancel();
        this.#timers.delete(timer);
        this.#overdue?.delete(fire);
      },
    };
    this.#timers.add(timer);
    return timer;
  }
}
