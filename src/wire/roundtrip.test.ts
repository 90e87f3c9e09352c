import { clone, equals, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { protocolMessages } from "./messages.test-kit.ts";
import { sample } from "./samples.test-kit.ts";

/** A field that no version of the protocol has. */
const unknownField = new BinaryWriter().tag(19_999, WireType.LengthDelimited).string("from tomorrow").finish();

const named = protocolMessages.map(message => [message.typeName, message] as const);

describe("every message of the protocol", () => {
  it("is known to this test", () => {
    expect(named.length).toBeGreaterThan(200);
  });

  it.each(named)("%s goes through its bytes unchanged", (_, message) => {
    const unchanged = (original: Message) => {
      const bytes = toBinary(message, original);
      const back = fromBinary(message, bytes);
      expect(equals(message, back, original)).toBe(true);
      expect(toBinary(message, back)).toEqual(bytes);
    };
    fc.assert(fc.property(sample(message), unchanged), { numRuns: 10 });
  });

  it.each(named)("%s keeps fields that it does not know, also through a copy with a spread", (_, message) => {
    const kept = (original: Message) => {
      const bytes = Buffer.concat([toBinary(message, original), unknownField]);
      const back = fromBinary(message, bytes);
      expect(Buffer.from(toBinary(message, back))).toEqual(bytes);
      expect(Buffer.from(toBinary(message, { ...clone(message, back) }))).toEqual(bytes);
    };
    fc.assert(fc.property(sample(message, 1), kept), { numRuns: 3 });
  });
});
