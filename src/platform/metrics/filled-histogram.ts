import { Histogram } from "prom-client";
import type { LatencySummary } from "../../consensus/latency.ts";

const msPerSecond = 1000;

/** A histogram that was counted elsewhere: it only shows what it was given last. In seconds, as Prometheus wants them. */
export class FilledHistogram extends Histogram {
  readonly #name: string;
  readonly #help: string;
  #summary: LatencySummary = { count: 0, sumMs: 0, buckets: [] };

  constructor(name: string, help: string) {
    super({ name, help, registers: [] });
    this.#name = name;
    this.#help = help;
  }

  fill(summary: LatencySummary): void {
    this.#summary = summary;
  }

  /** What the registry asks a histogram for; prom-client's types leave it out. */
  async getForPromString() {
    const { count, sumMs, buckets } = this.#summary;
    const value = (suffix: string, value: number, labels = {}) => ({ metricName: this.#name + suffix, value, labels });
    return {
      ...{ name: this.#name, help: this.#help, type: "histogram", aggregator: "sum" },
      values: [
        ...buckets.map(({ upToMs, count }) => value("_bucket", count, { le: upToMs / msPerSecond })),
        value("_bucket", count, { le: "+Inf" }),
        value("_sum", sumMs / msPerSecond),
        value("_count", count),
      ],
    };
  }
}
