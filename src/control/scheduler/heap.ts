/** A binary heap: the least item first. Items that are equal come in no promised order. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #less: (a: T, b: T) => boolean;

  constructor(less: (a: T, b: T) => boolean) {
    this.#less = less;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The least item, which stays. */
  get top(): T | undefined {
    return this.#items[0];
  }

  /** To be called after the least item has grown: it sinks to where it belongs now. */
  settleTop(): void {
    const first = this.#items[0];
    if (first !== undefined) this.#sink(first);
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = items[parent] as T;
      if (!this.#less(item, above)) break;
      items[at] = above;
      at = parent;
    }
    items[at] = item;
  }

  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (items.length > 0) this.#sink(last as T);
    return first;
  }

  #sink(item: T): void {
    const items = this.#items;
    let at = 0;
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && this.#less(items[child + 1] as T, items[child] as T)) child++;
      const below = items[child] as T;
      if (!this.#less(below, item)) break;
      items[at] = below;
      at = child;
    }
    items[at] = item;
  }
}
