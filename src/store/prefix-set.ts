import type sortedBtree from "sorted-btree";
import { EmptyBTree } from "sorted-btree";

/** Steps that may wait however few strings there are. */
const alwaysKeptSteps = 4_096;
/** Steps that may wait for each string of the set: put together there are fewer. */
const keptStepsEach = 4;

/**
 * Strings in order of their code units, found by prefix. Nobody may ask for a long time while thousands come and go, so what came and
 * went is only noted until somebody does: hashing each of them took more time than all other indexes together.
 */
export class PrefixSet {
  // Not `new`: loaders do not agree on where a CommonJS default export is, but they do on named ones.
  readonly #tree: sortedBtree.default<string, undefined> = EmptyBTree.clone();
  /** What the tree has not been told of, in the order in which it happened: a string, and whether it came. */
  #steps: string[] = [];
  #came: boolean[] = [];
  #size = 0;

  /** Adds a string that is not in the set. */
  add(text: string): void {
    this.#size += 1;
    this.#note(text, true);
  }

  /** Removes a string that is in the set. */
  delete(text: string): void {
    this.#size -= 1;
    this.#note(text, false);
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
    this.#forgetSteps();
    this.#size = 0;
  }

  #note(text: string, came: boolean): void {
    this.#steps.push(text);
    this.#came.push(came);
    // Those that come and go again while nobody asks must not fill the memory.
    if (this.#steps.length > alwaysKeptSteps + keptStepsEach * this.#size) this.#putInOrder();
  }

  #putInOrder(): void {
    if (this.#steps.length === 0) return;
    /** Where each string was left. */
    const last = new Map<string, boolean>();
    for (const [at, text] of this.#steps.entries()) last.set(text, this.#came[at] === true);
    // Sorted, they land next to each other.
    for (const text of [...last.keys()].sort())
      if (last.get(text)) this.#tree.set(text, undefined);
      else this.#tree.delete(text);
    this.#forgetSteps();
  }

  #forgetSteps(): void {
    this.#steps = [];
    this.#came = [];
  }
}
