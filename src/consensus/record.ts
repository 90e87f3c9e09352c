import { crc32c } from "../lib/crc32c.ts";

/** One record of a log segment. */
export interface LogRecord {
  /** Counts up from 1 through all segments. */
  readonly index: bigint;
  readonly payload: Uint8Array;
}

/*
 * A record on disk, little endian:
 *   u32 checksum (CRC-32C of all that follows) · u32 payload bytes · u64 index · u64 durable · payload
 * `durable` is how many bytes of this file were known to be synced when the record was written. It tells a torn tail
 * from damage: a crash may tear anything after the last sync, in any order of pages, but nothing before it.
 */
const headerBytes = 24;

/** Largest payload, bytes: one store update with everything in it. Longer lengths are taken for damage. */
export const maxPayloadBytes = 64 * 1024 * 1024;

const zeros = Buffer.alloc(64 * 1024);

/** A record whose payload is in parts, in parts: its header before them. */
export function encodeRecord(index: bigint, payload: readonly Uint8Array[], durable: number): readonly Uint8Array[] {
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32LE(byteLengthOf(payload), 4);
  header.writeBigUInt64LE(index, 8);
  header.writeBigUInt64LE(BigInt(durable), 16);
  let checksum = crc32c(header.subarray(4));
  for (const part of payload) checksum = crc32c(part, checksum);
  header.writeUInt32LE(checksum, 0);
  return [header, ...payload];
}

export function byteLengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.byteLength, 0);
}

interface Decoded extends LogRecord {
  readonly durable: number;
  readonly end: number;
}

function decodeAt(file: Buffer, offset: number): Decoded | undefined {
  if (offset + headerBytes > file.length) return undefined;
  const length = file.readUInt32LE(offset + 4);
  const durable = file.readBigUInt64LE(offset + 16);
  const end = offset + headerBytes + length;
  if (length > maxPayloadBytes || end > file.length || durable > BigInt(offset)) return undefined;
  if (crc32c(file.subarray(offset + 4, end)) !== file.readUInt32LE(offset)) return undefined;
  const payload = file.subarray(offset + headerBytes, end);
  return { index: file.readBigUInt64LE(offset + 8), payload, durable: Number(durable), end };
}

/** What a segment's bytes hold. */
export type Scan =
  /** Up to `end`; zeros at most come after it, which were reserved and never written. */
  | { readonly state: "whole"; readonly records: LogRecord[]; readonly end: number }
  /** The rest from `offset` on was never synced as far as anyone can tell. */
  | { readonly state: "torn"; readonly records: LogRecord[]; readonly offset: number }
  /** Bytes that had been synced are not what was written. */
  | { readonly state: "damaged"; readonly offset: number };

/** Reads a segment from its start. Its records' indexes must follow on each other from `first`. */
export function scanSegment(content: Uint8Array, first: bigint): Scan {
  const file = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const records: LogRecord[] = [];
  let offset = 0;
  for (;;) {
    if (offset === file.length) return { state: "whole", records, end: offset };
    const record = decodeAt(file, offset);
    if (record?.index !== first + BigInt(records.length)) break;
    records.push({ index: record.index, payload: record.payload });
    offset = record.end;
  }
  if (isZero(file.subarray(offset))) return { state: "whole", records, end: offset };
  return syncedAfter(file, offset) ? { state: "damaged", offset } : { state: "torn", records, offset };
}

function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const part = bytes.subarray(at, at + zeros.length);
    if (!part.equals(zeros.subarray(0, part.length))) return false;
  }
  return true;
}

/** Whether some later record proves that the bytes at `offset` had been synced. */
function syncedAfter(file: Buffer, offset: number): boolean {
  for (let at = offset + 1; at + headerBytes <= file.length; at++) {
    // Look at `durable` before paying for a checksum: nearly no garbage gets past it.
    const durable = file.readBigUInt64LE(at + 16);
    if (durable > BigInt(offset) && decodeAt(file, at)) return true;
  }
  return false;
}
