import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { Slab } from "../lib/slab.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import {
  type InternalRaftRequest,
  InternalRaftRequestSchema,
  type StoreAction,
  StoreActionSchema,
} from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { type StoreSnapshot, StoreSnapshotSchema } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import { writeMessage } from "../wire/message-encoder.ts";
import type { TaskReader } from "./task-reader.ts";
import { writeTask } from "./task-writer.ts";
import { hasField, splitMessage } from "./wire-split.ts";

const actionField = InternalRaftRequestSchema.field.action.number;
const taskField = StoreActionSchema.field.task.number;
const snapshotTasksField = StoreSnapshotSchema.field.tasks.number;

/** A buffer that has grown to more bytes than this is not kept. */
const maxKeptBytes = 1024 * 1024;
let kept = new ByteWriter();
const entries = new Slab();

/** The bytes of a log entry. What tasks share is encoded once for all of them. */
export function encodeRequest(request: InternalRaftRequest): Uint8Array {
  const writer = emptyWriter();
  writeRequest(writer, request);
  return entries.copy(writer.written);
}

/** Nobody else's until what it is for is copied. */
function emptyWriter(): ByteWriter {
  if (kept.capacity > maxKeptBytes) kept = new ByteWriter();
  kept.truncate(0);
  return kept;
}

function writeRequest(writer: ByteWriter, request: InternalRaftRequest): void {
  writeMessage(writer, InternalRaftRequestSchema, { ...request, action: [] });
  for (const action of request.action) {
    writer.tag(actionField, WireType.LengthDelimited).fork();
    writeAction(writer, action);
    writer.join();
  }
}

function writeAction(writer: ByteWriter, action: StoreAction): void {
  if (action.target.case !== "task" || action.$unknown) {
    writeMessage(writer, StoreActionSchema, action);
    return;
  }
  writer.tag(StoreActionSchema.field.action.number, WireType.Varint).int32(action.action);
  writer.tag(taskField, WireType.LengthDelimited).fork();
  writeTask(writer, action.target.value);
  writer.join();
}

/** A log entry from its bytes; what `tasks` has read before is shared with it. Throws where the bytes are no entry. */
export function decodeRequest(bytes: Uint8Array, tasks: TaskReader): InternalRaftRequest {
  // In one go where nothing is shared.
  if (!hasTask(bytes)) return fromBinary(InternalRaftRequestSchema, bytes);
  const { parts, rest } = splitMessage(bytes, [actionField]);
  const request = fromBinary(InternalRaftRequestSchema, rest);
  request.action = parts.map(part => decodeAction(part.bytes, tasks));
  return request;
}

/** Whether one of an entry's actions is about a task. False, or throws, where the bytes are no entry. */
function hasTask(bytes: Uint8Array): boolean {
  const reader = new BinaryReader(bytes);
  return hasField(reader, bytes.length, actionField, end => hasField(reader, end, taskField));
}

function decodeAction(bytes: Uint8Array, tasks: TaskReader): StoreAction {
  const { parts, rest } = splitMessage(bytes, [taskField]);
  const [part] = parts;
  if (!part || parts.length > 1) return fromBinary(StoreActionSchema, bytes);
  const action = fromBinary(StoreActionSchema, rest);
  if (action.target.case !== undefined) return fromBinary(StoreActionSchema, bytes);
  action.target = { case: "task", value: tasks.read(part.bytes) };
  return action;
}

/** The bytes of a snapshot, or of a piece of one: pieces one after the other are the whole. */
export function encodeSnapshot(snapshot: StoreSnapshot): Uint8Array {
  const { tasks, ...rest } = snapshot;
  const writer = emptyWriter();
  writeMessage(writer, StoreSnapshotSchema, { ...rest, tasks: [] });
  for (const task of tasks) {
    writer.tag(snapshotTasksField, WireType.LengthDelimited).fork();
    writeTask(writer, task);
    writer.join();
  }
  return writer.copy();
}

/** A snapshot from its bytes; its tasks share their specs. Throws where the bytes are no snapshot. */
export function decodeSnapshot(bytes: Uint8Array, tasks: TaskReader): StoreSnapshot {
  const { parts, rest } = splitMessage(bytes, [snapshotTasksField]);
  const snapshot = fromBinary(StoreSnapshotSchema, rest);
  snapshot.tasks = parts.map(part => tasks.read(part.bytes));
  return snapshot;
}
