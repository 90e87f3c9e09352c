import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ByteWriter } from "../../wire/byte-writer.ts";
import { MessageSchema } from "../../wire/gen/raftpb/raft_pb.ts";
import { DeliverRequestSchema, type PeerMessage } from "../../wire/gen/shoal/v1/peers_pb.ts";
import { encodeMessage } from "../../wire/message-encoder.ts";

/*
 * A DeliverRequest's protobuf by hand, field by field as shoal/v1/peers.proto has them. The library copies what is nested once
 * for each level and again as its buffer grows, which here are all entries of the log, for every follower.
 */
const addrTag = (1 << 3) | 2;
const messagesTag = (2 << 3) | 2;
const messageTag = (1 << 3) | 2;
const entriesTag = (2 << 3) | 2;

interface Field {
  readonly tag: number;
  readonly bytes: Uint8Array;
}

/** Writes the bytes that `toBinary` gives. */
export function writeDeliverRequest(writer: ByteWriter, init: MessageInitShape<typeof DeliverRequestSchema>): void {
  const { addr, messages } = create(DeliverRequestSchema, init);
  if (addr !== "") writer.varint(addrTag).string(addr);
  for (const message of messages) {
    const fields = fieldsOf(message);
    writer.varint(messagesTag).varint(sizeOf(fields));
    for (const { tag, bytes } of fields) writer.varint(tag).bytes(bytes);
  }
}

function fieldsOf({ message, entries }: PeerMessage): readonly Field[] {
  const fields: Field[] = [];
  if (message) fields.push({ tag: messageTag, bytes: encodeMessage(MessageSchema, message) });
  if (entries.length > 0) fields.push({ tag: entriesTag, bytes: entries });
  return fields;
}

function sizeOf(fields: readonly Field[]): number {
  return fields.reduce((sum, { bytes }) => sum + 1 + varintSize(bytes.length) + bytes.length, 0);
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1;
  return size;
}
