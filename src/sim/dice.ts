import { SimRandom } from "./random.ts";

/** Keeps what is drawn here apart from what a swarm of the same seed draws itself. */
const ownSeed = 0x5ca1ab1e;

/** Draws from a seed. */
export class Dice {
  readonly #random: SimRandom;

  constructor(seed: number) {
    this.#random = new SimRandom(seed ^ ownSeed);
  }

  /** A number in [0, limit). */
  upTo(limit: number): number {
    return limit * this.#random.float();
  }

  /** A number in [0, limit), mostly small. */
  seldom(limit: number): number {
    return limit * this.#random.float() ** 3;
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.upTo(limit));
  }

  chance(probability: number): boolean {
    return this.#random.float() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}
