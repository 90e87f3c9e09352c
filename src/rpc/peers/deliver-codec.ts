import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { MessageSchema } from "../../wire/gen/raftpb/raft_pb.ts";
import { DeliverRequestSchema, type PeerMessage } from "../../wire/gen/shoal/v1/peers_pb.ts";

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

/** The same bytes as `toBinary` gives, after `room` bytes that are left to the caller. */
export function encodeDeliverRequest(init: MessageInitShape<typeof DeliverRequestSchema>, room: number): Buffer {
  const { addr, messages } = create(DeliverRequestSchema, init);
  const peers = messages.map(fieldsOf);
  const address: readonly Field[] = addr === "" ? [] : [{ tag: addrTag, bytes: new TextEncoder().encode(addr) }];
  const sizes = peers.map(sizeOf);
  const length = sizeOf(address) + sizes.reduce((sum, size) => sum + 1 + varintSize(size) + size, 0);
  const bytes = Buffer.allocUnsafe(room + length);
  let at = writeFields(bytes, room, address);
  for (const [place, fields] of peers.entries()) {
    at = bytes.writeUInt8(messagesTag, at);
    at = writeVarint(bytes, at, sizes[place] ?? 0);
    at = writeFields(bytes, at, fields);
  }
  return bytes;
}

function fieldsOf({ message, entries }: PeerMessage): readonly Field[] {
  const fields: Field[] = [];
  if (message) fields.push({ tag: messageTag, bytes: toBinary(MessageSchema, message) });
  if (entries.length > 0) fields.push({ tag: entriesTag, bytes: entries });
  return fields;
}

function sizeOf(fields: readonly Field[]): number {
  return fields.reduce((sum, { bytes }) => sum + 1 + varintSize(bytes.length) + bytes.length, 0);
}

function writeFields(into: Buffer, start: number, fields: readonly Field[]): number {
  let at = start;
  for (const { tag, bytes } of fields) {
    at = into.writeUInt8(tag, at);
    at = writeVarint(into, at, bytes.length);
    into.set(bytes, at);
    at += bytes.length;
  }
  return at;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

function writeVarint(into: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) at = into.writeUInt8((rest % 128) + 128, at);
  return into.writeUInt8(rest, at);
}
