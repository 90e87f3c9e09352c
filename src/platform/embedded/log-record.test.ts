import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRecords, encodeRecord, type LogRecord } from "./log-record.ts";

const record = fc.record({
  stream: fc.constantFrom("stdout" as const, "stderr" as const),
  consumed: fc.record({ out: fc.nat(), err: fc.nat() }),
  timestampNs: fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
  data: fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
});

describe("log records", () => {
  it("come back as they were, cut off anywhere", () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), fc.nat(), (records: LogRecord[], cut) => {
        const encoded = records.map(encodeRecord);
        const all = Buffer.concat(encoded);
        expect(decodeRecords(all)).toEqual({ records, end: all.length });
        const torn = all.subarray(0, all.length === 0 ? 0 : cut % all.length);
        const { records: whole, end } = decodeRecords(torn);
        expect(records.slice(0, whole.length)).toEqual(whole);
        expect(end).toBe(encoded.slice(0, whole.length).reduce((sum, bytes) => sum + bytes.length, 0));
      }),
    );
  });

  it("stops at what is no record", () => {
    const good = encodeRecord({
      stream: "stdout",
      consumed: { out: 1, err: 0 },
      timestampNs: 1n,
      data: Buffer.from("x"),
    });
    expect(decodeRecords(Buffer.concat([good, Buffer.from("garbage\n")])).end).toBe(good.length);
  });
});
