/** Chance from a seed: the same seed gives the same sequence (mulberry32, public domain, by Tommy Ettinger). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Evenly from 0 up to but not including 1. */
  readonly float = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.float() * end);
  }

  isBelow(probability: number): boolean {
    return this.float() < probability;
  }

  /** One of them; undefined of none. */
  pick<T>(things: readonly T[]): T | undefined {
    return things[this.below(things.length)];
  }
}
