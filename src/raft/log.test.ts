import { describe, expect, it } from "vitest";
import { leaveJoint } from "./config-change.ts";
import { noConfiguration } from "./configuration.ts";
import type { Entry, Payload } from "./entry.ts";
import { RaftLog } from "./log.ts";
import { entriesOf } from "./lone.test-kit.ts";
import { operationBytes } from "./machine.test-kit.ts";
import { MemoryStorage } from "./memory-storage.ts";

/** The commit index is durable as far as it goes. */
const everything = 1_000n;
const unlimited = Number.POSITIVE_INFINITY;

/** A log of these terms, durable but for the last few. */
function logOf(terms: readonly number[], unsaved = 0, commit = 0n): { log: RaftLog; storage: MemoryStorage } {
  const storage = new MemoryStorage();
  const entries = entriesOf(terms);
  const saved = entries.length - unsaved;
  storage.append(entries.slice(0, saved));
  storage.setHardState({ term: 0n, vote: 0n, commit });
  const log = new RaftLog(storage, 0n);
  const prev = { index: BigInt(saved), term: BigInt(terms[saved - 1] ?? 0) };
  log.accept(prev, entries.slice(saved));
  return { log, storage };
}

const termsIn = (log: RaftLog): number[] => {
  const entries = log.slice(log.firstIndex, log.lastIndex, unlimited) ?? [];
  return entries.map(entry => Number(entry.term));
};

describe("what a log accepts", () => {
  // Terms it has, the place before, terms that come, the last index then shared, and the terms it has afterwards.
  const table: [number[], [number, number], number[], number | undefined, number[]][] = [
    [[], [0, 0], [1, 1], 2, [1, 1]],
    [[1, 1], [2, 1], [2], 3, [1, 1, 2]],
    [[1, 1], [3, 1], [2], undefined, [1, 1]],
    [[1, 1], [2, 2], [2], undefined, [1, 1]],
    [[1, 1, 1], [1, 1], [2], 2, [1, 2]],
    [[1, 1, 1], [1, 1], [1, 2, 2], 4, [1, 1, 2, 2]],
    // What is there stays, for the message may be older than what came since.
    [[1, 2, 2], [0, 0], [1], 1, [1, 2, 2]],
    [[1, 2, 2], [1, 1], [], 1, [1, 2, 2]],
    [[1, 2, 2], [3, 2], [], 3, [1, 2, 2]],
  ];
  for (const unsaved of [0, 1]) {
    it.each(table)(`%j, after %j %j: %s, %j (${unsaved} unsaved)`, (terms, [index, term], entries, last, after) => {
      const { log } = logOf(terms, Math.min(unsaved, terms.length));
      const place = { index: BigInt(index), term: BigInt(term) };
      const shared = log.accept(place, entriesOf(entries, place.index + 1n));
      expect(shared).toBe(last === undefined ? undefined : BigInt(last));
      expect(termsIn(log)).toEqual(after);
    });
  }

  it("is never something else where it is committed", () => {
    const { log } = logOf([1, 1, 1], 0, 2n);
    expect(() => log.accept({ index: 1n, term: 1n }, entriesOf([2], 2n))).toThrow("another one is committed there");
    expect(termsIn(log)).toEqual([1, 1, 1]);
    expect(log.accept({ index: 2n, term: 1n }, entriesOf([2], 3n))).toBe(3n);
  });
});

describe("where two logs may agree", () => {
  // Terms, an index and a term there; the highest place with no later term.
  const table: [number[], number, number, [number, number]][] = [
    [[1, 1, 2, 2, 5, 5], 6, 5, [6, 5]],
    [[1, 1, 2, 2, 5, 5], 6, 4, [4, 2]],
    [[1, 1, 2, 2, 5, 5], 9, 2, [4, 2]],
    [[1, 1, 2, 2, 5, 5], 3, 9, [3, 2]],
    [[2, 2], 2, 1, [0, 0]],
    [[], 7, 3, [0, 0]],
  ];
  it.each(table)("%j at %i in term %i: %j", (terms, index, term, [at, its]) => {
    const { log } = logOf(terms);
    expect(log.lastPlaceWithin(BigInt(index), BigInt(term))).toEqual({ index: BigInt(at), term: BigInt(its) });
  });
});

describe("a log", () => {
  it("is up to date with logs that end in an earlier term, or in the same one and not later", () => {
    const { log } = logOf([1, 1, 3]);
    const ends: [bigint, bigint, boolean][] = [
      [9n, 2n, false],
      [2n, 3n, false],
      [3n, 3n, true],
      [4n, 3n, true],
      [1n, 4n, true],
    ];
    for (const [index, term, is] of ends) expect(log.isUpToDate({ index, term })).toBe(is);
  });

  it("gives what weighs no more than asked for, but one entry, across what is saved and what is not", () => {
    const { log } = logOf([1, 1, 1, 1], 2);
    const weight = 28;
    for (const [bytes, count] of [
      [0, 1],
      [weight, 1],
      [2 * weight, 2],
      [3 * weight - 1, 2],
      [3 * weight, 3],
      [unlimited, 4],
    ] as const)
      expect(log.slice(1n, 4n, bytes)).toHaveLength(count);
    expect(log.slice(3n, 4n, 0)).toHaveLength(1);
    expect(log.slice(5n, 4n, unlimited)).toEqual([]);
  });

  it("hands out what is committed and durable, page by page as they are applied", () => {
    const { log, storage } = logOf([1, 1, 1, 1], 2);
    log.commitTo(4n);
    expect(indexes(log.takeCommitted(1, everything))).toEqual([1n]);
    expect(log.takeCommitted(unlimited, everything)).toEqual([]);
    log.appliedTo(1n);
    expect(indexes(log.takeCommitted(unlimited, everything))).toEqual([2n]);
    log.appliedTo(2n);
    expect(log.takeCommitted(unlimited, everything)).toEqual([]);
    storage.append(log.takeUnsaved(1).entries);
    log.persisted(1);
    expect(indexes(log.takeCommitted(unlimited, everything))).toEqual([3n, 4n]);
  });

  it("ends a page with a change of membership, and says when that is applied even if it was compacted away", () => {
    const { log, storage } = logOf([1]);
    const config: Payload = { kind: "config", change: leaveJoint };
    log.extend(1n, [config, { kind: "data", data: operationBytes(3) }]);
    storage.append(log.takeUnsaved(1).entries);
    log.persisted(1);
    log.commitTo(3n);
    expect(indexes(log.takeCommitted(unlimited, everything))).toEqual([1n, 2n]);
    expect(log.hasUnappliedConfig(1)).toBe(true);
    expect(log.appliedTo(1n)).toBeUndefined();
    storage.record({ index: 2n, term: 1n, configuration: noConfiguration, data: new Uint8Array() });
    storage.compact(2n);
    expect(log.hasUnappliedConfig(1)).toBe(true);
    expect(log.appliedTo(2n)?.change).toBe(leaveJoint);
    expect(log.hasUnappliedConfig(1)).toBe(false);
    expect(indexes(log.takeCommitted(unlimited, everything))).toEqual([3n]);
  });

  it("looks for changes of membership that are not applied where it still has its entries", () => {
    const { log, storage } = logOf([1, 1, 1], 0, 3n);
    log.takeCommitted(1, everything);
    log.appliedTo(1n);
    log.takeCommitted(unlimited, everything);
    storage.record({ index: 3n, term: 1n, configuration: noConfiguration, data: new Uint8Array() });
    storage.compact(3n);
    expect([log.applied, log.hasUnappliedConfig(1)]).toEqual([1n, false]);
  });

  it("knows the term of the place before what was compacted away, and nothing before that", () => {
    const { log, storage } = logOf([1, 2, 3, 4], 1, 3n);
    storage.record({ index: 3n, term: 3n, configuration: noConfiguration, data: new Uint8Array() });
    storage.compact(2n);
    expect([1n, 2n, 3n, 4n, 5n].map(index => log.term(index))).toEqual([undefined, 2n, 3n, 4n, undefined]);
    expect([log.firstIndex, log.slice(2n, 4n, unlimited)]).toEqual([3n, undefined]);
  });

  it("learns that something is committed only if it has that very entry", () => {
    const { log } = logOf([1, 1, 2]);
    log.learnCommitted({ index: 3n, term: 1n });
    log.learnCommitted({ index: 4n, term: 2n });
    log.learnCommitted({ index: 0n, term: 0n });
    expect(log.committed).toBe(0n);
    log.learnCommitted({ index: 2n, term: 1n });
    expect(log.committed).toBe(2n);
  });

  it("refuses to open when it ends before what was committed", () => {
    expect(() => logOf([1, 1], 0, 3n)).toThrow("Cannot open the log: it ends at 2 and 3 was committed");
  });
});

const indexes = (entries: readonly Entry[]): bigint[] => entries.map(entry => entry.index);
