import { type DescField, type DescMessage, type Message, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { TaskSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  type InternalRaftRequest,
  InternalRaftRequestSchema,
  type StoreAction,
  StoreActionSchema,
} from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { TaskSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/**
 * Bytes of messages that many others share: all tasks of a service hold the same spec, most of what a task weighs. Objects
 * in the store are never changed in place, so bytes once made stay right.
 */
const sharedBytes = new WeakMap<Message, Uint8Array>();

/**
 * The bytes of a log entry. What tasks share is encoded once for all of them; the fields of a task come in another order
 * than `toBinary` has them, which no reader of protobuf minds.
 */
export function encodeRequest(request: InternalRaftRequest): Uint8Array {
  // In one go where nothing is shared: each buffer in between costs as much as the encoding.
  if (!request.action.some(({ target }) => target.case === "task")) return toBinary(InternalRaftRequestSchema, request);
  const { action: actions, ...rest } = request;
  const writer = new BinaryWriter();
  writer.raw(toBinary(InternalRaftRequestSchema, { ...rest, action: [] }));
  for (const action of actions) {
    writer.tag(InternalRaftRequestSchema.field.action.number, WireType.LengthDelimited).fork();
    writeAction(writer, action);
    writer.join();
  }
  return writer.finish();
}

function writeAction(writer: BinaryWriter, action: StoreAction): void {
  if (action.target.case !== "task" || action.$unknown) {
    writer.raw(toBinary(StoreActionSchema, action));
    return;
  }
  const { spec, serviceAnnotations, ...own } = action.target.value;
  writer.tag(StoreActionSchema.field.action.number, WireType.Varint).int32(action.action);
  writer.tag(StoreActionSchema.field.task.number, WireType.LengthDelimited).fork();
  writer.raw(toBinary(TaskSchema, own));
  writeShared(writer, TaskSchema.field.spec, TaskSpecSchema, spec);
  writeShared(writer, TaskSchema.field.serviceAnnotations, AnnotationsSchema, serviceAnnotations);
  writer.join();
}

function writeShared<S extends DescMessage>(
  writer: BinaryWriter,
  field: DescField,
  schema: S,
  message: MessageShape<S> | undefined,
): void {
  if (!message) return;
  let bytes = sharedBytes.get(message);
  if (!bytes) {
    bytes = toBinary(schema, message);
    sharedBytes.set(message, bytes);
  }
  writer.tag(field.number, WireType.LengthDelimited).bytes(bytes);
}
