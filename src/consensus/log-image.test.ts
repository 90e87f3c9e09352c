import { describe, expect, it } from "vitest";
import { noConfiguration } from "../raft/configuration.ts";
import type { Entry, Index, Snapshot } from "../raft/entry.ts";
import { MemoryStorage } from "../raft/memory-storage.ts";
import { LogImage } from "./log-image.ts";
import { decodeItems, encodeItems, type LogItem } from "./log-record.ts";

const data = (text: string): Uint8Array => new TextEncoder().encode(text);

function entry(index: number, term: number): LogItem {
  const made: Entry = { kind: "data", data: data(`${index} of ${term}`), index: BigInt(index), term: BigInt(term) };
  return { kind: "entry", entry: made };
}

const entries = (term: number, from: number, to: number): LogItem[] =>
  Array.from({ length: to - from + 1 }, (_, at) => entry(from + at, term));

const restart = (index: number, term: number): LogItem => ({
  kind: "restart",
  index: BigInt(index),
  term: BigInt(term),
});

const snapshotAt = (index: number, term: number): Snapshot => ({
  index: BigInt(index),
  term: BigInt(term),
  configuration: noConfiguration,
  data: data("state"),
});

/** The terms of the log from its first index on, as "first: term term …", after going through bytes. */
function filled(items: readonly LogItem[], snapshot?: Snapshot): { log: string; isRestart: boolean } {
  const image = new LogImage();
  for (const item of decodeItems(encodeItems(items))) image.take(item);
  const storage = new MemoryStorage();
  const isRestart = image.fill(storage, snapshot);
  const terms: string[] = [];
  for (let at: Index = storage.firstIndex; at <= storage.lastIndex; at++) terms.push(String(storage.term(at)));
  return { log: `${storage.firstIndex}: ${terms.join(" ")}`, isRestart };
}

describe("what a log's records come to", () => {
  it.each<[string, LogItem[], Snapshot | undefined, string, boolean]>([
    ["nothing", [], undefined, "1: ", false],
    ["all entries", entries(1, 1, 3), undefined, "1: 1 1 1", false],
    ["the last of those at one index", [...entries(1, 1, 4), ...entries(2, 3, 3)], undefined, "1: 1 1 2", false],
    ["what follows a snapshot, and what is before it", entries(1, 1, 4), snapshotAt(2, 1), "1: 1 1 1 1", false],
    ["a log whose start was dropped", entries(1, 5, 8), snapshotAt(6, 1), "6: 1 1 1", false],
    ["a log that begins right after the snapshot", entries(2, 7, 8), snapshotAt(6, 1), "7: 2 2", false],
    [
      "a log that was overwritten from before its start",
      [...entries(1, 5, 8), ...entries(2, 4, 6)],
      snapshotAt(4, 2),
      "5: 2 2",
      false,
    ],
    [
      "a leader's snapshot",
      [...entries(1, 1, 4), restart(9, 3), ...entries(3, 10, 11)],
      snapshotAt(9, 3),
      "10: 3 3",
      false,
    ],
    ["a leader's snapshot that the log has no word of", entries(1, 1, 4), snapshotAt(9, 3), "10: ", true],
    ["a leader's snapshot that contradicts the log", entries(1, 1, 12), snapshotAt(9, 3), "10: ", true],
    ["only a snapshot", [], snapshotAt(9, 3), "10: ", true],
  ])("is %s", (_, items, snapshot, log, isRestart) => {
    expect(filled(items, snapshot)).toEqual({ log, isRestart });
  });

  it.each<[string, LogItem[], Snapshot | undefined]>([
    ["entries in the middle", [...entries(1, 1, 3), ...entries(1, 5, 6)], undefined],
    ["the snapshot", entries(1, 5, 8), undefined],
    ["entries after the snapshot", entries(1, 5, 8), snapshotAt(3, 1)],
  ])("is refused when it lacks %s", (_, items, snapshot) => {
    expect(() => filled(items, snapshot)).toThrow(expect.objectContaining({ code: "data_loss" }));
  });

  it("has identity and hard state as they were last written", () => {
    const image = new LogImage();
    const peers = [{ raftId: 5n, nodeId: "five", address: "10.0.0.5:2377" }];
    const items: LogItem[] = [
      { kind: "identity", identity: { raftId: 2n, peers } },
      { kind: "hard-state", hardState: { term: 3n, vote: 5n, commit: 0n } },
      { kind: "hard-state", hardState: { term: 4n, vote: 2n, commit: 1n } },
    ];
    for (const item of decodeItems(encodeItems(items))) image.take(item);
    const storage = new MemoryStorage();
    image.fill(storage, undefined);
    expect([image.identity, storage.hardState]).toEqual([
      { raftId: 2n, peers },
      { term: 4n, vote: 2n, commit: 1n },
    ]);
  });

  it.each([
    ["cut off", encodeItems([entry(1, 1)]).subarray(0, 20)],
    ["of no known kind", Uint8Array.of(99)],
  ])("is refused when a record is %s", (_, record) => {
    expect(() => decodeItems(record)).toThrow(expect.objectContaining({ code: "data_loss" }));
  });
});
