import type { Clock, Timer } from "../ports/clock.ts";

/** One timer for each node that is away: until it counts as down, or, once down, until its tasks are given up. */
export class Absences {
  readonly #clock: Clock;
  readonly #timers = new Map<string, Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `run` if the node is still away after `ms`. Takes the place of an earlier timer of the node. */
  after(nodeId: string, ms: number, run: () => void): void {
    this.end(nodeId);
    const timer = this.#clock.after(ms, () => {
      this.#timers.delete(nodeId);
      run();
    });
    this.#timers.set(nodeId, timer);
  }

  /** The node is back, or no more. */
  end(nodeId: string): void {
    this.#timers.get(nodeId)?.cancel();
    this.#timers.delete(nodeId);
  }

  endAll(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
