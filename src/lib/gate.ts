/** Lets a limited number of jobs run at once; the others wait their turn in order. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** `width` in jobs, at least 1. */
  constructor(width: number) {
    this.#free = width;
  }

  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>(resolve => this.#waiting.push(resolve));
    try {
      return await job();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
