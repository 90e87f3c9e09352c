/** What was wanted one after the other, and up to where it has been brought about. */
export class Versions {
  #latest = 0;
  #waiting: { readonly version: number; readonly resolve: () => void }[] = [];

  get latest(): number {
    return this.#latest;
  }

  /** Something else is wanted from now on. Resolves when that, or something later, is in force. */
  next(): Promise<void> {
    this.#latest += 1;
    const version = this.#latest;
    return new Promise(resolve => this.#waiting.push({ version, resolve }));
  }

  /** Everything up to `version` is in force. */
  reach(version: number): void {
    const reached = this.#waiting.filter(each => each.version <= version);
    this.#waiting = this.#waiting.filter(each => each.version > version);
    for (const { resolve } of reached) resolve();
  }
}
