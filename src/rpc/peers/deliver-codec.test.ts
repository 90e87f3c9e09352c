import { create, toBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { ByteWriter } from "../../wire/byte-writer.ts";
import { MessageSchema, MessageType } from "../../wire/gen/raftpb/raft_pb.ts";
import { DeliverRequestSchema } from "../../wire/gen/shoal/v1/peers_pb.ts";
import { writeDeliverRequest } from "./deliver-codec.ts";

const message = create(MessageSchema, { type: MessageType.MsgApp, from: 2n ** 63n, to: 2n, term: 300n, commit: 7n });

it.each([
  ["nothing", { addr: "", messages: [] }],
  ["an address", { addr: "10.0.0.1:2377", messages: [] }],
  ["a message without entries", { addr: "", messages: [{ message, entries: new Uint8Array() }] }],
  [
    "nothing in a message",
    { addr: "x", messages: [{}, { message: create(MessageSchema), entries: new Uint8Array() }] },
  ],
  [
    "entries of every length",
    {
      addr: "ä".repeat(100),
      messages: [1, 127, 128, 16_383, 16_384, 3_000_000].map(length => ({
        message,
        entries: new Uint8Array(length).fill(7),
      })),
    },
  ],
])("encodes %s as protobuf does", (_, request) => {
  const expected = toBinary(DeliverRequestSchema, create(DeliverRequestSchema, request));
  const writer = new ByteWriter();
  writeDeliverRequest(writer, request);
  expect(writer.written.equals(expected)).toBe(true);
});
