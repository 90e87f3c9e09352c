/** A timer that waits for its time. */
export interface Due {
  readonly at: number;
  /** Of two that are due at one moment the one set up earlier comes first. */
  readonly order: number;
  readonly run: () => void;
}

/** Timers by when they are due: a binary heap. What is cancelled stays in it, marked, until its time comes. */
export class TimerQueue {
  readonly #heap: Due[] = [];
  readonly #waiting = new Set<Due>();

  get size(): number {
    return this.#waiting.size;
  }

  add(due: Due): void {
    this.#waiting.add(due);
    let at = this.#heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfEarlier(at, parent)) return;
      at = parent;
    }
  }

  cancel(due: Due): void {
    this.#waiting.delete(due);
  }

  /** Takes out the next one that is due by `end`. */
  take(end: number): Due | undefined {
    for (let first = this.#heap[0]; first && first.at <= end; first = this.#heap[0]) {
      this.#dropFirst();
      if (this.#waiting.delete(first)) return first;
    }
    return undefined;
  }

  #dropFirst(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const child = this.#isEarlier(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfEarlier(child, at)) return;
      at = child;
    }
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const [below, above] = [this.#heap[child], this.#heap[parent]];
    if (!below || !above || !this.#isEarlier(child, parent)) return false;
    this.#heap[child] = above;
    this.#heap[parent] = below;
    return true;
  }

  #isEarlier(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    return a !== undefined && b !== undefined && (a.at < b.at || (a.at === b.at && a.order < b.order));
  }
}
