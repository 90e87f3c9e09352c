import { describe, expect, it } from "vitest";
import { noConfiguration } from "./configuration.ts";
import type { Snapshot } from "./entry.ts";
import { entriesOf } from "./lone.test-kit.ts";
import { Unstable } from "./unstable.ts";

const snapshotAt = (index: bigint): Snapshot => ({
  index,
  term: 1n,
  configuration: noConfiguration,
  data: new Uint8Array(),
});

/** A log whose first five entries are durable. */
function afterFive(): Unstable {
  return new Unstable(5n);
}

describe("the unstable end of a log", () => {
  it("hands out everything once, and lets go of it when it is durable", () => {
    const unstable = afterFive();
    unstable.append(entriesOf([1, 1], 6n));
    expect(unstable.take(1).entries.map(entry => entry.index)).toEqual([6n, 7n]);
    expect(unstable.take(2).entries).toEqual([]);
    unstable.append(entriesOf([1], 8n));
    expect(unstable.take(3).entries.map(entry => entry.index)).toEqual([8n]);
    unstable.persisted(1);
    expect([unstable.offset, unstable.lastIndex]).toEqual([8n, 8n]);
    unstable.persisted(3);
    expect([unstable.offset, unstable.lastIndex]).toEqual([9n, 8n]);
  });

  it("hands out again what was overwritten, wherever that began", () => {
    const unstable = afterFive();
    unstable.append(entriesOf([1, 1], 6n));
    unstable.take(1);
    unstable.append(entriesOf([2], 7n));
    expect(unstable.take(2).entries.map(entry => [entry.index, entry.term])).toEqual([[7n, 2n]]);
    unstable.append(entriesOf([3], 4n));
    expect([unstable.offset, unstable.lastIndex]).toEqual([4n, 4n]);
    expect(unstable.take(3).entries.map(entry => [entry.index, entry.term])).toEqual([[4n, 3n]]);
  });

  it("does not take an overwritten entry to be durable, not even one that is overwritten back", () => {
    const unstable = afterFive();
    unstable.append(entriesOf([1], 6n));
    unstable.take(1);
    unstable.append(entriesOf([2], 6n));
    unstable.take(2);
    unstable.append(entriesOf([1], 6n));
    unstable.take(3);
    unstable.persisted(1);
    expect(unstable.offset).toBe(6n);
    unstable.persisted(2);
    expect(unstable.offset).toBe(6n);
    unstable.persisted(3);
    expect(unstable.offset).toBe(7n);
  });

  it("starts anew after a snapshot, and does not mistake older writes for what follows it", () => {
    const unstable = afterFive();
    unstable.append(entriesOf([1, 1, 1, 1, 1, 1], 6n));
    unstable.take(1);
    const snapshot = snapshotAt(8n);
    unstable.restore(snapshot);
    expect([unstable.lastIndex, unstable.term(8n)]).toEqual([8n, 1n]);
    unstable.append(entriesOf([2, 2], 9n));
    const taken = unstable.take(2);
    expect(taken.snapshot).toBe(snapshot);
    expect(taken.entries.map(entry => entry.index)).toEqual([9n, 10n]);
    unstable.persisted(1);
    expect([unstable.offset, unstable.snapshot]).toEqual([9n, snapshot]);
    unstable.persisted(2);
    expect([unstable.offset, unstable.snapshot]).toEqual([11n, undefined]);
  });

  it("keeps a later snapshot pending when an earlier one is saved", () => {
    const unstable = afterFive();
    unstable.restore(snapshotAt(8n));
    unstable.take(1);
    const later = snapshotAt(20n);
    unstable.restore(later);
    unstable.persisted(1);
    expect(unstable.snapshot).toBe(later);
    expect(unstable.take(2).snapshot).toBe(later);
    unstable.persisted(2);
    expect(unstable.snapshot).toBeUndefined();
  });
});
