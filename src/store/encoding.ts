import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  type InternalRaftRequest,
  InternalRaftRequestSchema,
  type StoreAction,
  StoreActionSchema,
} from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { type StoreSnapshot, StoreSnapshotSchema } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import { encodeMessage } from "../wire/message-encoder.ts";
import type { TaskReader } from "./task-reader.ts";
import { writeTask } from "./task-writer.ts";
import { hasField, splitMessage } from "./wire-split.ts";

const actionField = InternalRaftRequestSchema.field.action.number;
const taskField = StoreActionSchema.field.task.number;
const snapshotTasksField = StoreSnapshotSchema.field.tasks.number;

/** A writer keeps its buffer, as large as the largest entry was: with more than this a new one takes its place. */
const maxKeptBytes = 1024 * 1024;
let entryWriter = new BinaryWriter();

/** The bytes of a log entry. What tasks share is encoded once for all of them. */
export function encodeRequest(request: InternalRaftRequest): Uint8Array {
  const { action: actions, ...rest } = request;
  // In one go where nothing is shared: each buffer in between costs as much as the encoding.
  if (!actions.some(({ target }) => target.case === "task")) return encodeMessage(InternalRaftRequestSchema, request);
  const writer = entryWriter;
  entryWriter = new BinaryWriter();
  writer.raw(encodeMessage(InternalRaftRequestSchema, { ...rest, action: [] }));
  for (const action of actions) {
    writer.tag(actionField, WireType.LengthDelimited).fork();
    writeAction(writer, action);
    writer.join();
  }
  const bytes = writer.finish();
  // Not before: one that was left in the middle, where a value was none that can be written, is not used again.
  if (bytes.length <= maxKeptBytes) entryWriter = writer;
  return bytes;
}

function writeAction(writer: BinaryWriter, action: StoreAction): void {
  if (action.target.case !== "task" || action.$unknown) {
    writer.raw(encodeMessage(StoreActionSchema, action));
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
  if (snapshot.tasks.length === 0) return encodeMessage(StoreSnapshotSchema, snapshot);
  const { tasks, ...rest } = snapshot;
  const writer = new BinaryWriter();
  writer.raw(encodeMessage(StoreSnapshotSchema, { ...rest, tasks: [] }));
  for (const task of tasks) {
    writer.tag(snapshotTasksField, WireType.LengthDelimited).fork();
    writeTask(writer, task);
    writer.join();
  }
  return writer.finish();
}

/** A snapshot from its bytes; its tasks share their specs. Throws where the bytes are no snapshot. */
export function decodeSnapshot(bytes: Uint8Array, tasks: TaskReader): StoreSnapshot {
  const { parts, rest } = splitMessage(bytes, [snapshotTasksField]);
  const snapshot = fromBinary(StoreSnapshotSchema, rest);
  snapshot.tasks = parts.map(part => tasks.read(part.bytes));
  return snapshot;
}
