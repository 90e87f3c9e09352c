/** Upper bounds of the buckets, in milliseconds. */
const boundsMs = [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096] as const;

/** How long something took, over and over: a histogram as Prometheus has them. */
export interface LatencySummary {
  readonly count: number;
  readonly sumMs: number;
  /** How many took no longer than each bound, in milliseconds. */
  readonly buckets: readonly { readonly upToMs: number; readonly count: number }[];
}

/** Counts latencies in a fixed number of buckets. */
export class LatencyMeter {
  readonly #counts = boundsMs.map(() => 0);
  #count = 0;
  #sumMs = 0;

  observe(ms: number): void {
    this.#count += 1;
    this.#sumMs += ms;
    const at = boundsMs.findIndex(bound => ms <= bound);
    if (at >= 0) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  summary(): LatencySummary {
    let count = 0;
    const buckets = boundsMs.map((upToMs, at) => {
      count += this.#counts[at] ?? 0;
      return { upToMs, count };
    });
    return { count: this.#count, sumMs: this.#sumMs, buckets };
  }
}
