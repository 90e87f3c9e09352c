import { PrefixSet } from "./prefix-set.ts";

/** Never in a name: controlapi refuses it, and it sorts before everything that can be. */
const separator = "\0";

/** Finds ids by name and by prefix of a name; the case of letters does not matter (SwarmKit: names are lower-cased). */
export class NameIndex<T> {
  readonly #nameOf: (object: T) => string;
  readonly #entries = new PrefixSet();

  constructor(nameOf: (object: T) => string) {
    this.#nameOf = nameOf;
  }

  replace(id: string, before: T | undefined, after: T | undefined): void {
    const old = before === undefined ? undefined : this.#entry(before, id);
    const now = after === undefined ? undefined : this.#entry(after, id);
    if (old === now) return;
    if (old !== undefined) this.#entries.delete(old);
    if (now !== undefined) this.#entries.add(now);
  }

  named(name: string): string[] {
    return this.#find(name.toLowerCase() + separator);
  }

  startingWith(prefix: string): string[] {
    return this.#find(prefix.toLowerCase());
  }

  clear(): void {
    this.#entries.clear();
  }

  #entry(object: T, id: string): string {
    return this.#nameOf(object).toLowerCase() + separator + id;
  }

  #find(start: string): string[] {
    return this.#entries.startingWith(start).map(entry => entry.slice(entry.lastIndexOf(separator) + 1));
  }
}
