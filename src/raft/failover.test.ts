import { describe, expect, it } from "vitest";
import { TimedCluster } from "./timed.test-kit.ts";

const seeds = 40;

/** Milliseconds without a leader that takes writes, for many times of its death and many of its followers noticing; the longest. */
function longestFailover(size: number, noticing: number): number {
  const all = Array.from({ length: seeds }, (_, seed) => {
    const cluster = new TimedCluster(size, 1 + seed * 7 + size);
    cluster.untilWrite(1);
    cluster.run(500 + seed * 13);
    const { leader, others } = cluster;
    cluster.stop(leader!);
    for (const host of others.slice(0, noticing)) cluster.breaks(host, leader!.id, 5);
    return cluster.untilWrite(2);
  });
  return Math.max(...all);
}

describe("a leader that dies is replaced, with ticks of 50 ms, heartbeats every 2 and election timeouts from 20", () => {
  it.each([3, 5])("of %i within 500 ms when all others notice that their connection broke", size => {
    expect(longestFailover(size, size - 1)).toBeLessThan(500);
  });

  it.each([3, 5])("of %i soon after the lease when one of them notices", size => {
    expect(longestFailover(size, 1)).toBeLessThan(1_400);
  });

  it.each([3, 5])("of %i within 3 s when nobody notices", size => {
    expect(longestFailover(size, 0)).toBeLessThan(3_000);
  });
});
