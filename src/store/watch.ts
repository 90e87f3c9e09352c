import { assert } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import type { StoreEvent } from "./tx.ts";

/** Events kept for a reader that is slower than the writers, where it asks for no other number. */
export const defaultWatchCapacity = 10_000;

export interface WatchOptions {
  /** Events for which it returns false are not delivered and take no room. */
  readonly filter?: (event: StoreEvent) => boolean;
  /** Events that may wait; one more ends the watch. */
  readonly capacity?: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/**
 * Committed changes in order, from the moment of its creation on, for one reader, who each time gets all that have come since: many
 * come together, and to pass them on one by one costs more than what most readers do with them. Ends when the signal aborts; rejects
 * with resource_exhausted when the reader falls too far behind and with aborted when a snapshot replaced everything. In
 * both cases the reader reads the store again and watches anew.
 */
export class Watch implements AsyncIterableIterator<readonly StoreEvent[]> {
  readonly #filter: (event: StoreEvent) => boolean;
  readonly #capacity: number;
  readonly #ended: (watch: Watch) => void;
  #queue: StoreEvent[] = [];
  #end: { readonly fault?: Fault } | undefined;
  #wake: (() => void) | undefined;

  constructor(options: WatchOptions, ended: (watch: Watch) => void) {
    this.#filter = options.filter ?? (() => true);
    this.#capacity = options.capacity ?? defaultWatchCapacity;
    this.#ended = ended;
    const { signal } = options;
    if (signal.aborted) this.finish();
    else signal.addEventListener("abort", () => this.finish(), { once: true });
  }

  get done(): boolean {
    return this.#end !== undefined;
  }

  push(events: readonly StoreEvent[]): void {
    if (this.#end) return;
    const wanted = events.filter(this.#filter);
    if (this.#queue.length + wanted.length > this.#capacity) {
      this.finish(
        new Fault("resource_exhausted", `Cannot watch on: more than ${this.#capacity} events wait to be read`),
      );
      return;
    }
    if (wanted.length === 0) return;
    this.#queue.push(...wanted);
    this.#rouse();
  }

  /** Ends the watch; what was not read yet is dropped. */
  finish(fault?: Fault): void {
    if (this.#end) return;
    this.#end = fault ? { fault } : {};
    this.#queue = [];
    this.#ended(this);
    this.#rouse();
  }

  async next(): Promise<IteratorResult<readonly StoreEvent[], undefined>> {
    assert(!this.#wake, "two readers of one watch");
    for (;;) {
      if (this.#queue.length > 0) return { done: false, value: this.#take() };
      if (this.#end) return this.#last(this.#end);
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  async return(): Promise<IteratorResult<readonly StoreEvent[], undefined>> {
    this.finish();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): readonly StoreEvent[] {
    const events = this.#queue;
    this.#queue = [];
    return events;
  }

  #last({ fault }: { readonly fault?: Fault }): IteratorResult<readonly StoreEvent[], undefined> {
    this.#end = {};
    if (fault) throw fault;
    return { done: true, value: undefined };
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
