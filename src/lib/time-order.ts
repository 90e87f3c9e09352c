import { Bell } from "./bell.ts";
import type { Fault } from "./fault.ts";

/** What is needed of a clock, so that this file needs no port. */
interface Timer {
  /** Milliseconds since some moment. */
  monotonic(): number;
  after(ms: number, run: () => void): { cancel(): void };
}

export interface TimeOrderOptions<T> {
  /** When an item happened; items of one source come in about this order. */
  readonly timeOf: (item: T) => bigint;
  /** Longest time an item waits for earlier ones of sources that are silent, in milliseconds. */
  readonly holdMs: number;
  /** Items of one source that may wait; after that the source has to. */
  readonly waiting: number;
  readonly clock: Timer;
}

/** Items that are given out together. */
const itemsPerBatch = 100;

/** Shortest time to wait, in milliseconds: a rest of less may be too little to move a clock that counts in fractions. */
const shortestWaitMs = 1;

interface Held<T> {
  readonly item: T;
  readonly time: bigint;
  readonly arrivedMs: number;
}

/**
 * Brings items from several sources into the order of their times. An item goes on once every source that may still
 * send something earlier has one waiting too, or it has been held long enough. Items that came too late for their
 * place are given at once: nothing is lost for the sake of order.
 */
export class TimeOrder<T> {
  readonly #options: TimeOrderOptions<T>;
  readonly #queues = new Map<string, Held<T>[]>();
  /** The sources that may send more. */
  readonly #open = new Set<string>();
  readonly #blocked: (() => void)[] = [];
  readonly #bell = new Bell();
  #ended = false;
  #closed = false;
  #fault: Fault | undefined;

  constructor(options: TimeOrderOptions<T>) {
    this.#options = options;
  }

  /** Whether nothing is taken any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** A source begins: what others send waits for it. */
  open(source: string): void {
    this.#open.add(source);
  }

  /** Takes items of a source once there is room for them. Resolves with false when nobody wants any more. */
  async put(source: string, items: readonly T[]): Promise<boolean> {
    const { timeOf, clock, waiting } = this.#options;
    while (!this.#closed && (this.#queues.get(source)?.length ?? 0) >= waiting) {
      await new Promise<void>(resolve => this.#blocked.push(resolve));
    }
    if (this.#closed || items.length === 0) return !this.#closed;
    const queue = this.#queues.get(source) ?? [];
    const arrivedMs = clock.monotonic();
    for (const item of items) queue.push({ item, time: timeOf(item), arrivedMs });
    this.#queues.set(source, queue);
    this.#bell.ring();
    return true;
  }

  /** A source has no more, for now: nothing waits for it. */
  finish(source: string): void {
    this.#open.delete(source);
    this.#bell.ring();
  }

  /** There will be no more at all: what is held goes out in order, then the iteration ends, or throws `fault`. */
  end(fault?: Fault): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#fault = fault;
    this.#open.clear();
    this.#bell.ring();
  }

  /** Nobody reads any more: what is held is dropped, sources are told. */
  close(): void {
    this.#closed = true;
    this.#queues.clear();
    for (const wake of this.#blocked.splice(0)) wake();
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly T[], void> {
    try {
      for (;;) {
        const batch = this.#takeReady();
        if (batch.length > 0) yield batch;
        else if (this.#ended && this.#queues.size === 0) break;
        else await this.#wait();
      }
      if (this.#fault) throw this.#fault;
    } finally {
      this.close();
    }
  }

  #takeReady(): T[] {
    const batch: T[] = [];
    const now = this.#options.clock.monotonic();
    while (batch.length < itemsPerBatch) {
      const source = this.#earliest();
      const queue = source === undefined ? undefined : this.#queues.get(source);
      const [first] = queue ?? [];
      if (source === undefined || !queue || !first) break;
      if (now - first.arrivedMs < this.#options.holdMs && !this.#allHaveOne()) break;
      batch.push(first.item);
      queue.shift();
      if (queue.length === 0) this.#queues.delete(source);
    }
    if (batch.length > 0) for (const wake of this.#blocked.splice(0)) wake();
    return batch;
  }

  #earliest(): string | undefined {
    let found: string | undefined;
    let time: bigint | undefined;
    for (const [source, [first]] of this.#queues) {
      if (!first || (time !== undefined && first.time >= time)) continue;
      found = source;
      time = first.time;
    }
    return found;
  }

  #allHaveOne(): boolean {
    for (const source of this.#open) if (!this.#queues.has(source)) return false;
    return true;
  }

  /** Until something comes, or what waits has been held long enough. */
  async #wait(): Promise<void> {
    const { clock, holdMs } = this.#options;
    const source = this.#earliest();
    const first = source === undefined ? undefined : this.#queues.get(source)?.[0];
    const leftMs = first && Math.max(shortestWaitMs, first.arrivedMs + holdMs - clock.monotonic());
    const timer = leftMs === undefined ? undefined : clock.after(leftMs, () => this.#bell.ring());
    await this.#bell.wait();
    timer?.cancel();
  }
}
