/** A bucket with one id is the id itself: most slots hold one task, and a Set for each would cost more than the task's keys. */
type Bucket = string | Set<string>;

const none: readonly string[] = [];

/** Finds the ids of objects by a key derived from them. An object may have several keys, or none. */
export class SecondaryIndex<T> {
  readonly #keysOf: (object: T) => readonly string[];
  readonly #haveSameKeys: (before: T, after: T) => boolean;
  readonly #buckets = new Map<string, Bucket>();

  /**
   * `haveSameKeys`: says without much ado that two versions of an object have the same keys; false where that is not
   * certain. Most changes touch no key, and every change asks every index.
   */
  constructor(keysOf: (object: T) => readonly string[], haveSameKeys: (before: T, after: T) => boolean = () => false) {
    this.#keysOf = keysOf;
    this.#haveSameKeys = haveSameKeys;
  }

  /** Moves `id` from the keys of `before` to those of `after`; undefined stands for no object. */
  replace(id: string, before: T | undefined, after: T | undefined): void {
    if (before !== undefined && after !== undefined && this.#haveSameKeys(before, after)) return;
    const old = before === undefined ? none : this.#keysOf(before);
    const now = after === undefined ? none : this.#keysOf(after);
    if (sameKeys(old, now)) return;
    for (let at = 0; at < old.length; at++) this.#remove(old[at] as string, id);
    for (let at = 0; at < now.length; at++) this.#add(now[at] as string, id);
  }

  /** The ids under `key`, as they are now: later changes do not show. */
  ids(key: string): readonly string[] {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return [];
    return typeof bucket === "string" ? [bucket] : [...bucket];
  }

  clear(): void {
    this.#buckets.clear();
  }

  #add(key: string, id: string): void {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) this.#buckets.set(key, id);
    else if (typeof bucket !== "string") bucket.add(id);
    else if (bucket !== id) this.#buckets.set(key, new Set([bucket, id]));
  }

  #remove(key: string, id: string): void {
    const bucket = this.#buckets.get(key);
    if (typeof bucket === "string") {
      if (bucket === id) this.#buckets.delete(key);
      return;
    }
    bucket?.delete(id);
    if (bucket?.size === 0) this.#buckets.delete(key);
  }
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
