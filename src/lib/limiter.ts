/** Lets only so many pieces of work run at once; the others wait their turn, first come, first served. */
export class Limiter {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** `limit` in pieces of work at once, at least 1. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs `work` as soon as there is room; settles as it does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limit) this.#running += 1;
    else await new Promise<void>(resolve => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The place is handed on, or given back when nobody waits.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
