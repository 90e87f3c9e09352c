import { create, type Message, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigSchema } from "./gen/docker/swarmkit/v1/objects_pb.ts";
import { encodeMessage } from "./message-encoder.ts";
import { protocolMessages } from "./messages.test-kit.ts";
import { sample } from "./samples.test-kit.ts";

const named = protocolMessages.map(message => [message.typeName, message] as const);
const runs = 20;

describe("the bytes are the library's", () => {
  it.each(named)("of a %s", (_, schema) => {
    const unknown = { no: 19_999, wireType: WireType.LengthDelimited, data: new BinaryWriter().string("new").finish() };
    fc.assert(
      fc.property(sample(schema), fc.boolean(), (message: Message, isFromTomorrow) => {
        if (isFromTomorrow) message.$unknown = [unknown];
        expect(Buffer.from(encodeMessage(schema, message))).toEqual(Buffer.from(toBinary(schema, message)));
      }),
      { numRuns: runs },
    );
  });

  it("also after a message that cannot be encoded, and after one that is very large", () => {
    const bad = { ...create(ConfigSchema), id: 7n };
    expect(() => encodeMessage(ConfigSchema, { ...bad, meta: { version: { index: "x" } } } as never)).toThrow();
    const data = new Uint8Array(3 * 1024 * 1024).fill(1);
    for (const spec of [{ data }, { data: data.subarray(0, 10) }]) {
      const config = create(ConfigSchema, { id: "c", spec });
      expect(Buffer.from(encodeMessage(ConfigSchema, config)).equals(toBinary(ConfigSchema, config))).toBe(true);
    }
  });
});
