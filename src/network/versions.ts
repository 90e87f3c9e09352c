/** Who may wait at a time: more come only while nothing can be brought about, and then the longest waits are given up. */
export const waiterLimit = 1_000;

/** What was wanted one after the other, and up to where it has been brought about. */
export class Versions {
  #latest = 0;
  #reached = 0;
  #waiting: { readonly version: number; readonly resolve: (inForce: boolean) => void }[] = [];

  get latest(): number {
    return this.#latest;
  }

  /** Whether something is wanted that is not in force yet. */
  get isBehind(): boolean {
    return this.#reached < this.#latest;
  }

  /**
   * Something else is wanted from now on. Resolves with true when that, or something later, is in force; with false when too many
   * who came later wait for that.
   */
  next(): Promise<boolean> {
    this.#latest += 1;
    const version = this.#latest;
    if (this.#waiting.length >= waiterLimit) this.#waiting.shift()?.resolve(false);
    return new Promise(resolve => this.#waiting.push({ version, resolve }));
  }

  /** Everything up to `version` is in force. */
  reach(version: number): void {
    this.#reached = Math.max(this.#reached, version);
    const reached = this.#waiting.filter(each => each.version <= version);
    this.#waiting = this.#waiting.filter(each => each.version > version);
    for (const { resolve } of reached) resolve(true);
  }
}
