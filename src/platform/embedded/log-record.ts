/*
 * A task's log as it is kept: records one after another, each a line of text with the facts, then the bytes themselves.
 *
 *   STREAM OUT ERR NANOSECONDS LENGTH\n
 *
 * STREAM is `o` or `e`; OUT and ERR say how far the raw output files were read when the record was written, so that a
 * restarted daemon reads on where the last whole record ends: nothing twice, nothing lost.
 */

/** How many bytes of each raw output file are in the log. */
export interface Consumed {
  readonly out: number;
  readonly err: number;
}

export interface LogRecord {
  readonly stream: "stdout" | "stderr";
  readonly consumed: Consumed;
  /** Nanoseconds since 1970. */
  readonly timestampNs: bigint;
  /** With its newline where it had one. */
  readonly data: Uint8Array;
}

/** Longest header: five fields of at most 20 digits. */
const longestHeader = 110;
const newline = 0x0a;

export function encodeRecord(record: LogRecord): Uint8Array {
  const { stream, consumed, timestampNs, data } = record;
  const facts = [stream === "stdout" ? "o" : "e", consumed.out, consumed.err, timestampNs, data.length];
  return Buffer.concat([Buffer.from(`${facts.join(" ")}\n`), data]);
}

/** The record that starts at `offset`, with where the next one starts; undefined when it is not there as a whole. */
export function decodeRecord(bytes: Buffer, offset: number): { record: LogRecord; next: number } | undefined {
  const end = bytes.subarray(offset, offset + longestHeader).indexOf(newline);
  if (end < 0) return undefined;
  const match = /^([oe]) (\d+) (\d+) (\d+) (\d+)$/.exec(bytes.toString("latin1", offset, offset + end));
  if (!match) return undefined;
  const [, stream, out, err, timestamp, length] = match;
  const start = offset + end + 1;
  const next = start + Number(length);
  if (next > bytes.length) return undefined;
  return {
    record: {
      stream: stream === "o" ? "stdout" : "stderr",
      consumed: { out: Number(out), err: Number(err) },
      timestampNs: BigInt(timestamp ?? 0),
      data: bytes.subarray(start, next),
    },
    next,
  };
}

/** All whole records from the start of `bytes`, and where the first that is not whole begins. */
export function decodeRecords(bytes: Buffer): { records: LogRecord[]; end: number } {
  const records: LogRecord[] = [];
  let end = 0;
  for (;;) {
    const decoded = decodeRecord(bytes, end);
    if (!decoded) return { records, end };
    records.push(decoded.record);
    end = decoded.next;
  }
}
