import type sortedBtree from "sorted-btree";
import { EmptyBTree } from "sorted-btree";

/**
 * Strings in order of their code units, found by prefix. Nobody may ask for a long time while thousands come and go, so they are put
 * in order only when somebody does.
 */
export class PrefixSet {
  // Not `new`: loaders do not agree on where a CommonJS default export is, but they do on named ones.
  readonly #tree: sortedBtree.default<string, undefined> = EmptyBTree.clone();
  /** Not in the tree yet. */
  readonly #added = new Set<string>();
  /** Still in the tree. */
  readonly #removed = new Set<string>();

  /** Adds a string that is not in the set. */
  add(text: string): void {
    if (!this.#removed.delete(text)) this.#added.add(text);
  }

  /** Removes a string that is in the set. */
  delete(text: string): void {
    if (!this.#added.delete(text)) this.#removed.add(text);
  }

  /** Everything that starts with `prefix`, in order. */
  startingWith(prefix: string): string[] {
    this.#putInOrder();
    const found: string[] = [];
    for (const text of this.#tree.keys(prefix)) {
      if (!text.startsWith(prefix)) break;
      found.push(text);
    }
    return found;
  }

  clear(): void {
    this.#tree.clear();
    this.#added.clear();
    this.#removed.clear();
  }

  #putInOrder(): void {
    for (const text of this.#removed) this.#tree.delete(text);
    // Sorted, they land next to each other.
    for (const text of [...this.#added].sort()) this.#tree.set(text, undefined);
    this.#removed.clear();
    this.#added.clear();
  }
}
