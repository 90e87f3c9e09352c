import { PrefixSet } from "./prefix-set.ts";
import { SecondaryIndex } from "./secondary-index.ts";

/** Never in a name: controlapi refuses it, and it sorts before everything that can be. */
const separator = "\0";

/** Finds ids by name and by prefix of a name; the case of letters does not matter (SwarmKit: names are lower-cased). */
export class NameIndex<T> {
  readonly #nameOf: (object: T) => string;
  readonly #whole: SecondaryIndex<T>;
  readonly #entries = new PrefixSet();

  constructor(nameOf: (object: T) => string) {
    this.#nameOf = nameOf;
    this.#whole = new SecondaryIndex(object => [nameOf(object).toLowerCase()]);
  }

  replace(id: string, before: T | undefined, after: T | undefined): void {
    const old = before === undefined ? undefined : this.#entry(before, id);
    const now = after === undefined ? undefined : this.#entry(after, id);
    if (old === now) return;
    this.#whole.replace(id, before, after);
    if (old !== undefined) this.#entries.delete(old);
    if (now !== undefined) this.#entries.add(now);
  }

  /** Whether an object has the name that is not `except`. */
  hasOther(name: string, except: string): boolean {
    return this.#whole.ids(name.toLowerCase()).some(id => id !== except);
  }

  /** In order of the ids. */
  named(name: string): string[] {
    return [...this.#whole.ids(name.toLowerCase())].sort();
  }

  /** In order of the names. */
  startingWith(prefix: string): string[] {
    const found = this.#entries.startingWith(prefix.toLowerCase());
    return found.map(entry => entry.slice(entry.lastIndexOf(separator) + 1));
  }

  clear(): void {
    this.#whole.clear();
    this.#entries.clear();
  }

  #entry(object: T, id: string): string {
    return this.#nameOf(object).toLowerCase() + separator + id;
  }
}
