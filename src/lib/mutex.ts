/** Runs sections one after the other, in the order they asked. */
export class Mutex {
  #isTaken = false;
  readonly #waiting: (() => void)[] = [];

  /** Runs `section` when all before it have ended, before this returns when there are none, and gives what it gives. */
  async run<T>(section: () => Promise<T>): Promise<T> {
    if (this.#isTaken) await new Promise<void>(resolve => this.#waiting.push(resolve));
    this.#isTaken = true;
    try {
      return await section();
    } finally {
      // Handed over while it is taken: nobody gets in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#isTaken = false;
    }
  }
}
