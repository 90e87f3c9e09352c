import type { Fault } from "./fault.ts";

/**
 * A bounded queue between producers and one consumer. Producers wait while it is full (back-pressure); the consumer
 * iterates. Leaving the iteration closes it, so producers learn that nobody listens any more.
 */
export class Channel<T> implements AsyncIterable<T> {
  readonly #capacity: number;
  readonly #items: T[] = [];
  readonly #blocked: (() => void)[] = [];
  #consumer: (() => void) | undefined;
  #closed = false;
  #fault: Fault | undefined;

  /** `capacity` in items, at least 1. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Queues `value` as soon as there is room. Resolves with false when the channel is or gets closed. */
  async send(value: T): Promise<boolean> {
    while (!this.#closed && this.#items.length >= this.#capacity) {
      await new Promise<void>(resolve => this.#blocked.push(resolve));
    }
    return this.offer(value);
  }

  /** Queues `value` if there is room now; false when it is full or closed. */
  offer(value: T): boolean {
    if (this.#closed || this.#items.length >= this.#capacity) return false;
    this.#items.push(value);
    this.#consumer?.();
    return true;
  }

  /** Ends the channel: what is queued still arrives, then the iteration ends, or throws `fault`. */
  close(fault?: Fault): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fault = fault;
    this.#consumer?.();
    for (const wake of this.#blocked.splice(0)) wake();
  }

  /** The next item; undefined at the end. */
  async take(): Promise<T | undefined> {
    while (this.#items.length === 0) {
      if (this.#closed) {
        if (this.#fault) throw this.#fault;
        return undefined;
      }
      await new Promise<void>(resolve => {
        this.#consumer = resolve;
      });
      this.#consumer = undefined;
    }
    return this.takeNow(1)[0];
  }

  /** Up to `limit` items that are there already. */
  takeNow(limit: number): T[] {
    const taken = this.#items.splice(0, limit);
    for (const wake of this.#blocked.splice(0, taken.length)) wake();
    return taken;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    try {
      for (;;) {
        const value = await this.take();
        if (value === undefined) return;
        yield value;
      }
    } finally {
      this.#items.length = 0;
      this.close();
    }
  }
}
