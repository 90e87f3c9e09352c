import { describe, expect, it } from "vitest";
import { encodeRecord, scanSegment } from "./record.ts";

const payload = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Records of 24 + 1 bytes: the batches given, each synced before the next is written. */
function segment(...batches: string[]): Buffer {
  let durable = 0;
  let index = 5n;
  const parts: Uint8Array[] = [];
  for (const batch of batches) {
    for (const letter of batch) parts.push(...encodeRecord(index++, [payload(letter)], durable));
    durable = parts.reduce((sum, part) => sum + part.byteLength, 0);
  }
  return Buffer.concat(parts);
}

function flipped(bytes: Buffer, offset: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(offset) ^ 1, offset);
  return copy;
}

const letters = (records: readonly { payload: Uint8Array }[]): string =>
  records.map(record => new TextDecoder().decode(record.payload)).join("");

const size = 25;

describe("scanning a segment", () => {
  it("reads every record of a whole one", () => {
    const scan = scanSegment(segment("ab", "c"), 5n);
    expect(scan.state === "whole" && letters(scan.records)).toBe("abc");
  });

  it.each([
    ["only zeros", Buffer.alloc(100_000), ""],
    ["zeros after records", Buffer.concat([segment("ab"), Buffer.alloc(99)]), "ab"],
  ])("takes for room that was reserved: %s", (_, bytes, kept) => {
    const scan = scanSegment(bytes, 5n);
    expect(scan.state === "whole" && letters(scan.records)).toBe(kept);
    expect(scan).toMatchObject({ end: kept.length * size });
  });

  it.each([
    ["cut inside the last record", segment("ab", "c").subarray(0, 2 * size + 7), "ab"],
    ["cut inside its header", segment("ab", "c").subarray(0, 2 * size + 3), "ab"],
    ["last record changed", flipped(segment("ab", "c"), 2 * size + 24), "ab"],
    ["first of an unsynced batch lost, second there", flipped(segment("a", "bc"), size + 24), "a"],
    ["zeros before something", Buffer.concat([segment("ab"), Buffer.alloc(99), Buffer.from("x")]), "ab"],
  ])("takes for a torn tail: %s", (_, bytes, kept) => {
    const scan = scanSegment(bytes, 5n);
    expect(scan.state === "torn" && letters(scan.records)).toBe(kept);
  });

  it.each([
    ["a payload in the middle", segment("a", "b", "c"), 24, 0],
    ["a length in the middle", segment("a", "b", "c"), size + 4, size],
    ["an index in the middle", segment("ab", "c", "d"), size + 8, size],
  ])("takes for damage: %s", (_, bytes, at, offset) => {
    expect(scanSegment(flipped(bytes, at), 5n)).toEqual({ state: "damaged", offset });
  });

  it("takes records of another place for damage", () => {
    expect(scanSegment(segment("a", "b"), 9n)).toEqual({ state: "damaged", offset: 0 });
  });
});
