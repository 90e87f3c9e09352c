import type { Clock, Timer } from "../ports/clock.ts";
import { type Due, TimerQueue } from "./timer-queue.ts";

/** Virtual time: stands still until `advance` moves it, running what falls due in order of time, then of set-up. */
export class SimClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #startMs: number;
  readonly #due = new TimerQueue();

  /** `startMs` is the wall time at virtual time zero. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
  }

  /** In whole milliseconds, as the real one. */
  now(): number {
    return this.#startMs + Math.floor(this.#now);
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): Timer {
    const due: Due = { at: this.#now + Math.max(0, ms), order: this.#order++, run };
    this.#due.add(due);
    return { cancel: () => this.#due.cancel(due) };
  }

  /** Timers not yet fired: zero when nothing waits. */
  get pending(): number {
    return this.#due.size;
  }

  /** Moves time on by `ms`, letting promises settle before and after each timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#due.take(end); next; next = this.#due.take(end)) {
      this.#now = next.at;
      next.run();
      await settle();
    }
    this.#now = end;
  }
}

/** One turn of the event loop: drains every chained await that waits for nothing outside. */
export function settle(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
