import { create } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import {
  type StreamRaftMessageRequest,
  StreamRaftMessageRequestSchema,
} from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { MessageSchema, SnapshotSchema, type Message as WireMessage } from "../wire/gen/raftpb/raft_pb.ts";

/** Bytes of a snapshot in one message of the stream. SwarmKit's are at most 4 MiB with everything around. */
const partBytes = 3 * 1024 * 1024;
/** Bytes of a whole snapshot that is taken in. */
const maxSnapshotBytes = 2 * 1024 * 1024 * 1024;

/** A message with a snapshot as several, each with a part of its data; a receiver joins them. */
export async function* snapshotParts(message: WireMessage): AsyncIterable<StreamRaftMessageRequest> {
  const { snapshot } = message;
  const data = snapshot?.data ?? new Uint8Array();
  for (let at = 0; at === 0 || at < data.length; at += partBytes) {
    const part = create(SnapshotSchema, { ...snapshot, data: data.subarray(at, at + partBytes) });
    yield create(StreamRaftMessageRequestSchema, { message: create(MessageSchema, { ...message, snapshot: part }) });
  }
}

/** The one message that the parts make. Fault invalid_argument for parts that do not belong together. */
export async function joinParts(parts: AsyncIterable<StreamRaftMessageRequest>): Promise<WireMessage> {
  let first: WireMessage | undefined;
  const data: Uint8Array[] = [];
  let bytes = 0;
  for await (const { message } of parts) {
    if (!message) throw new Fault("invalid_argument", "a part without a message");
    first ??= message;
    if (message.type !== first.type || message.index !== first.index)
      throw new Fault("invalid_argument", "parts of two different messages");
    const part = message.snapshot?.data ?? new Uint8Array();
    bytes += part.length;
    if (bytes > maxSnapshotBytes)
      throw new Fault("resource_exhausted", `a snapshot of more than ${maxSnapshotBytes} bytes`);
    data.push(part);
  }
  if (!first) throw new Fault("invalid_argument", "a stream without a message");
  if (!first.snapshot) return first;
  const snapshot = create(SnapshotSchema, { ...first.snapshot, data: Buffer.concat(data) });
  return create(MessageSchema, { ...first, snapshot });
}
