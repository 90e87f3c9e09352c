import type sortedBtree from "sorted-btree";
import { EmptyBTree } from "sorted-btree";

/** Strings in order of their code units, found by prefix. */
export class PrefixSet {
  // Not `new`: loaders do not agree on where a CommonJS default export is, but they do on named ones.
  readonly #tree: sortedBtree.default<string, undefined> = EmptyBTree.clone();

  add(text: string): void {
    this.#tree.set(text, undefined);
  }

  delete(text: string): void {
    this.#tree.delete(text);
  }

  /** Everything that starts with `prefix`, in order. */
  startingWith(prefix: string): string[] {
    const found: string[] = [];
    for (const text of this.#tree.keys(prefix)) {
      if (!text.startsWith(prefix)) break;
      found.push(text);
    }
    return found;
  }

  clear(): void {
    this.#tree.clear();
  }
}
