import { describe, expect, it } from "vitest";
import { noConfiguration } from "./configuration.ts";
import type { Snapshot } from "./entry.ts";
import { entriesOf } from "./lone.test-kit.ts";
import { MemoryStorage } from "./memory-storage.ts";

const snapshotAt = (index: bigint, term: bigint): Snapshot => {
  return { index, term, configuration: { ...noConfiguration, voters: [7n] }, data: new Uint8Array([1]) };
};

function storageOf(terms: readonly number[]): MemoryStorage {
  const storage = new MemoryStorage();
  storage.append(entriesOf(terms));
  return storage;
}

describe("a log in memory", () => {
  it("starts out empty", () => {
    const storage = new MemoryStorage();
    expect([storage.firstIndex, storage.lastIndex, storage.term(0n), storage.term(1n)]).toEqual([
      1n,
      0n,
      0n,
      undefined,
    ]);
    expect([storage.snapshot(), storage.configuration]).toEqual([undefined, noConfiguration]);
  });

  it("is overwritten from where new entries begin, and has no gaps", () => {
    const storage = storageOf([1, 1, 1]);
    storage.append(entriesOf([2], 2n));
    expect([storage.lastIndex, storage.term(2n), storage.term(3n)]).toEqual([2n, 2n, undefined]);
    expect(() => storage.append(entriesOf([2], 4n))).toThrow("does not follow");
  });

  it("keeps the term of the place up to which it is compacted, and is not compacted further than its snapshot", () => {
    const storage = storageOf([1, 2, 3, 3]);
    expect(() => storage.compact(2n)).toThrow("is in no snapshot");
    storage.record(snapshotAt(3n, 3n));
    storage.compact(2n);
    expect([storage.firstIndex, storage.term(1n), storage.term(2n), storage.lastIndex]).toEqual([
      3n,
      undefined,
      2n,
      4n,
    ]);
    expect(storage.entries(3n, 4n, Number.POSITIVE_INFINITY).map(entry => entry.index)).toEqual([3n, 4n]);
    storage.compact(1n);
    expect(storage.firstIndex).toBe(3n);
    expect(() => storage.compact(4n)).toThrow("is in no snapshot");
  });

  it("may be compacted up to a snapshot that is kept elsewhere, and asks for that only when it is needed", () => {
    const storage = storageOf([1, 1, 2, 2]);
    let [asked, atHand] = [0, false];
    storage.offer({ index: 3n, term: 2n, configuration: snapshotAt(3n, 2n).configuration }, () => {
      asked += 1;
      return atHand ? snapshotAt(4n, 2n) : undefined;
    });
    storage.compact(2n);
    expect([storage.firstIndex, storage.configuration.voters, asked]).toEqual([3n, [7n], 0]);
    expect(storage.snapshot()).toBeUndefined();
    atHand = true;
    expect([storage.snapshot()?.index, asked]).toEqual([4n, 2]);
    expect(() => storage.compact(4n)).toThrow("is in no snapshot");
  });

  it("is replaced by another node's snapshot, and saves in the order that is safe", () => {
    const storage = storageOf([1, 1, 1]);
    const hardState = { term: 5n, vote: 2n, commit: 9n };
    storage.save({ snapshot: snapshotAt(9n, 4n), entries: entriesOf([5], 10n), hardState, mustSync: true });
    expect([storage.firstIndex, storage.lastIndex, storage.term(9n)]).toEqual([10n, 10n, 4n]);
    expect([storage.configuration.voters, storage.hardState]).toEqual([[7n], hardState]);
  });
});
