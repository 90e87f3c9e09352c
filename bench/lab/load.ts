import { quantile } from "./report.ts";

/** What writers that write one after the other got done. */
export interface Load {
  readonly writers: number;
  readonly writes: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Lets `writers` write for `durationMs`, each beginning its next write when the last was answered. Every write must
 * succeed. `write` is given a number that no other write of this load has.
 */
export async function load(
  write: (n: number) => Promise<unknown>,
  { writers, durationMs }: { writers: number; durationMs: number },
): Promise<Load> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + durationMs;
  let next = 0;
  const writer = async (): Promise<void> => {
    for (let begun = performance.now(); begun < end; begun = performance.now()) {
      await write(next++);
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  const seconds = (performance.now() - start) / 1000;
  return {
    writers,
    writes: latencies.length,
    perSecond: latencies.length / seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
  };
}
