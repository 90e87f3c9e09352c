import { Fault } from "../lib/fault.ts";
import { type Entry, type HardState, type Index, payloadBytes, type Term } from "../raft/entry.ts";
import { decodePayload, encodePayload } from "./entry-codec.ts";
import { decodeMember, encodeMember, type Member } from "./member.ts";

/** Who this log belongs to; stands at the head of every segment. */
export interface Identity {
  readonly raftId: bigint;
  /** Whom the manager knew when it joined: it must find them again after a crash, before the log tells. */
  readonly peers: readonly Member[];
}

/** One thing that the log tells of. They are to be taken in the order written. */
export type LogItem =
  | { readonly kind: "identity"; readonly identity: Identity }
  | { readonly kind: "hard-state"; readonly hardState: HardState }
  /** Whatever stood at its index, and after, is void. */
  | { readonly kind: "entry"; readonly entry: Entry }
  /** The whole log up to here is void: a snapshot stands in its place. */
  | { readonly kind: "restart"; readonly index: Index; readonly term: Term };

/*
 * A record is a row of items, little endian:
 *   1: u64 raft id · u32 count · count × (u32 length · RaftMember)   identity
 *   2: u64 term · u64 vote · u64 commit                              hard state
 *   3: u64 index · u64 term · u8 type · u32 length · data            entry; type and data as in raftpb
 *   4: u64 index · u64 term                                          restart
 * By hand and not protobuf: every byte that a manager ever writes goes through here.
 */
const identityTag = 1;
const hardStateTag = 2;
const entryTag = 3;
const restartTag = 4;
/** Of an item of any kind, without what is of variable length. */
const maxFixedBytes = 1 + 8 + 8 + 8;

interface EncodedEntries {
  readonly entries: readonly Entry[];
  readonly bytes: Uint8Array;
}

/**
 * What was encoded or decoded last: the same entries go to every follower and to the disk, or come from the leader and go to the disk, one
 * right after the other. They never change, so the same ones have the same bytes.
 */
let last: EncodedEntries = { entries: [], bytes: new Uint8Array() };

export function encodeEntries(entries: readonly Entry[]): Uint8Array {
  if (!areSame(entries, last.entries))
    last = { entries, bytes: encodeItems(entries.map(entry => ({ kind: "entry", entry }))) };
  return last.bytes;
}

/** Entries as `encodeEntries` has them. Fault data_loss for bytes that are anything but entries. */
export function decodeEntries(bytes: Uint8Array): readonly Entry[] {
  const entries = decodeItems(bytes).map(item => {
    if (item.kind === "entry") return item.entry;
    throw new Fault("data_loss", `Cannot read log entries: there is an item of kind "${item.kind}" among them`);
  });
  last = { entries, bytes };
  return entries;
}

function areSame(some: readonly Entry[], others: readonly Entry[]): boolean {
  return some.length === others.length && some.every((entry, at) => entry === others[at]);
}

export function encodeItems(items: readonly LogItem[]): Uint8Array {
  const writer = new Writer(items.reduce((sum, item) => sum + sizeHint(item), 0));
  for (const item of items) writeItem(writer, item);
  return writer.finish();
}

function sizeHint(item: LogItem): number {
  return item.kind === "entry" ? payloadBytes(item.entry) + maxFixedBytes : 2 * maxFixedBytes;
}

function writeItem(writer: Writer, item: LogItem): void {
  switch (item.kind) {
    case "identity": {
      const { raftId, peers } = item.identity;
      writer.u8(identityTag).u64(raftId).u32(peers.length);
      for (const peer of peers) writer.bytes(encodeMember(peer));
      break;
    }
    case "hard-state": {
      const { term, vote, commit } = item.hardState;
      writer.u8(hardStateTag).u64(term).u64(vote).u64(commit);
      break;
    }
    case "entry": {
      const { type, data } = encodePayload(item.entry);
      writer.u8(entryTag).u64(item.entry.index).u64(item.entry.term).u8(type).bytes(data);
      break;
    }
    case "restart":
      writer.u8(restartTag).u64(item.index).u64(item.term);
      break;
    default:
      item satisfies never;
  }
}

/** Fault data_loss for bytes that are no record. The entries' data are parts of `record`. */
export function decodeItems(record: Uint8Array): LogItem[] {
  const reader = new Reader(record);
  const items: LogItem[] = [];
  try {
    while (!reader.isAtEnd) items.push(readItem(reader));
  } catch (cause) {
    if (cause instanceof RangeError) throw new Fault("data_loss", "Cannot read a log record: it is cut off", { cause });
    throw cause;
  }
  return items;
}

function readItem(reader: Reader): LogItem {
  const tag = reader.u8();
  switch (tag) {
    case identityTag: {
      const raftId = reader.u64();
      const peers = Array.from({ length: reader.u32() }, () => decodeMember(reader.bytes()));
      return { kind: "identity", identity: { raftId, peers } };
    }
    case hardStateTag:
      return { kind: "hard-state", hardState: { term: reader.u64(), vote: reader.u64(), commit: reader.u64() } };
    case entryTag: {
      const [index, term] = [reader.u64(), reader.u64()];
      const payload = decodePayload({ type: reader.u8(), data: reader.bytes() });
      return { kind: "entry", entry: { ...payload, index, term } };
    }
    case restartTag:
      return { kind: "restart", index: reader.u64(), term: reader.u64() };
    default:
      throw new Fault("data_loss", `Cannot read a log record: an item of kind ${tag}`);
  }
}

class Writer {
  #buffer: Buffer;
  #size = 0;

  constructor(expectedBytes: number) {
    this.#buffer = Buffer.allocUnsafe(expectedBytes);
  }

  u8(value: number): this {
    this.#room(maxFixedBytes);
    this.#size = this.#buffer.writeUInt8(value, this.#size);
    return this;
  }

  u32(value: number): this {
    this.#room(maxFixedBytes);
    this.#size = this.#buffer.writeUInt32LE(value, this.#size);
    return this;
  }

  u64(value: bigint): this {
    this.#room(maxFixedBytes);
    this.#size = this.#buffer.writeBigUInt64LE(value, this.#size);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.u32(value.length).#room(value.length);
    this.#buffer.set(value, this.#size);
    this.#size += value.length;
    return this;
  }

  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#size);
  }

  #room(bytes: number): void {
    if (this.#size + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#size + bytes));
    grown.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = grown;
  }
}

/** Throws RangeError where the bytes end too early. */
class Reader {
  readonly #record: Uint8Array;
  readonly #buffer: Buffer;
  #at = 0;

  constructor(record: Uint8Array) {
    this.#record = record;
    this.#buffer = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#record.length;
  }

  u8(): number {
    return this.#buffer.readUInt8(this.#skip(1));
  }

  u32(): number {
    return this.#buffer.readUInt32LE(this.#skip(4));
  }

  u64(): bigint {
    return this.#buffer.readBigUInt64LE(this.#skip(8));
  }

  bytes(): Uint8Array {
    const length = this.u32();
    const start = this.#skip(length);
    return this.#record.subarray(start, start + length);
  }

  #skip(bytes: number): number {
    const start = this.#at;
    if (start + bytes > this.#record.length) throw new RangeError(`${bytes} bytes wanted`);
    this.#at += bytes;
    return start;
  }
}
