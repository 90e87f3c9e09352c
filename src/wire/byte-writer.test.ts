import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteWriter } from "./byte-writer.ts";

/** What both writers do in the same way, by a name. */
const steps = {
  uint32: fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(127, 128, 16_383, 16_384)),
  int32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  uint64: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constantFrom(2n ** 32n, 2n ** 53n, 2n ** 64n - 1n)),
  bool: fc.boolean(),
  string: fc.string({ unit: "binary", maxLength: 3_000, size: "max" }),
  bytes: fc.uint8Array({ maxLength: 3_000, size: "max" }),
  raw: fc.uint8Array({ maxLength: 200 }),
} as const;

type Step = { readonly kind: keyof typeof steps | "fork" | "join"; readonly value?: never };

const anyStep = fc.oneof(
  ...Object.entries(steps).map(([kind, value]) => fc.record({ kind: fc.constant(kind), value })),
  fc.constant({ kind: "fork" }),
  fc.constant({ kind: "join" }),
) as fc.Arbitrary<Step>;

describe("a writer", () => {
  it("writes what the library's does, whatever it has written before", () => {
    const writer = new ByteWriter();
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), all => {
        const library = new BinaryWriter();
        writer.truncate(0);
        let depth = 0;
        const take = ({ kind, value }: Step): void => {
          if (kind === "join" && depth === 0) return;
          depth += kind === "fork" ? 1 : kind === "join" ? -1 : 0;
          library.tag(7, WireType.Varint)[kind](value as never);
          writer.tag(7, WireType.Varint)[kind === "uint32" ? "varint" : kind](value as never);
        };
        for (const step of all) take(step);
        while (depth > 0) take({ kind: "join" });
        const expected = Buffer.from(library.finish());
        expect(writer.written.equals(expected)).toBe(true);
        expect(Buffer.from(writer.copy())).toEqual(expected);
      }),
    );
  });

  it.each<[string, (writer: ByteWriter) => unknown]>([
    ["a length that is no number", writer => writer.varint(Number.NaN)],
    ["one below zero", writer => writer.varint(-1)],
    ["one of more than 32 bits", writer => writer.varint(2 ** 32)],
    ["an int32 of more", writer => writer.int32(2 ** 31)],
    ["an int32 that is not whole", writer => writer.int32(0.5)],
    ["an int64 of more than 64 bits", writer => writer.int64(2n ** 63n)],
    ["a uint64 of more", writer => writer.uint64(2n ** 64n)],
    ["a uint64 below zero", writer => writer.uint64(-1n)],
    ["a text that is none", writer => writer.string(7n as never)],
    ["an end without its beginning", writer => writer.join()],
  ])("refuses %s", (_, write) => {
    expect(() => write(new ByteWriter())).toThrow();
  });

  it("takes back what it wrote, and what was begun there", () => {
    const writer = new ByteWriter().string("kept");
    const { size } = writer;
    writer.fork().raw(Buffer.alloc(5_000, 1));
    writer.truncate(size);
    expect(() => writer.join()).toThrow("join without fork");
    expect(Buffer.from(writer.bool(true).copy()).toString("latin1")).toBe("\x04kept\x01");
  });

  it("gives copies that later writes leave alone", () => {
    const writer = new ByteWriter().string("first");
    const copy = writer.copy();
    writer.truncate(0);
    writer.string("later");
    expect(Buffer.from(copy).toString("latin1")).toBe("\x05first");
  });
});
