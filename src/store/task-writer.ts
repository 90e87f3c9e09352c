import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { ByteWriter } from "../wire/byte-writer.ts";
import {
  EndpointSchema,
  type Meta,
  MetaSchema,
  type NetworkAttachment,
  NetworkAttachmentSchema,
  NetworkSchema,
  type Task,
  TaskSchema,
} from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { TaskSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  type Annotations,
  AnnotationsSchema,
  type ContainerStatus,
  ContainerStatusSchema,
  DriverSchema,
  GenericResourceSchema,
  PortStatusSchema,
  type TaskStatus,
  TaskStatusSchema,
  type Version,
  VersionSchema,
  VolumeAttachmentSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { writeMessage } from "../wire/message-encoder.ts";
import { LastingField, RecentField } from "./shared-field.ts";

const task = TaskSchema.field;
const meta = MetaSchema.field;
const status = TaskStatusSchema.field;
const container = ContainerStatusSchema.field;
const version = VersionSchema.field;
const time = TimestampSchema.field;
const attachment = NetworkAttachmentSchema.field;

const shared = {
  spec: new LastingField(task.spec, TaskSpecSchema),
  serviceAnnotations: new LastingField(task.serviceAnnotations, AnnotationsSchema),
  endpoint: new RecentField(task.endpoint, EndpointSchema),
  logDriver: new RecentField(task.logDriver, DriverSchema),
  network: new RecentField(attachment.network, NetworkSchema),
} as const;

/**
 * Writes the very bytes that `toBinary` makes of a task. Tasks are most of what a log carries, and most of a task's bytes
 * are those of parts that it shares: the spec with its service's other tasks, times and version with what was written
 * together. So a task takes 1 µs instead of 7.
 */
export function writeTask(writer: ByteWriter, message: Task): void {
  writeText(writer, task.id, message.id);
  writeMeta(writer, message.meta);
  shared.spec.write(writer, message.spec);
  writeText(writer, task.serviceId, message.serviceId);
  writeUint64(writer, task.slot, message.slot);
  writeText(writer, task.nodeId, message.nodeId);
  writeAnnotations(writer, message.annotations);
  shared.serviceAnnotations.write(writer, message.serviceAnnotations);
  writeStatus(writer, message.status);
  writeInt32(writer, task.desiredState, message.desiredState);
  for (const network of message.networks) writeAttachment(writer, network);
  shared.endpoint.write(writer, message.endpoint);
  shared.logDriver.write(writer, message.logDriver);
  writeVersion(writer, task.specVersion, message.specVersion);
  for (const resource of message.assignedGenericResources)
    writePart(writer, task.assignedGenericResources, GenericResourceSchema, resource);
  writeVersion(writer, task.jobIteration, message.jobIteration);
  for (const volume of message.volumes) writePart(writer, task.volumes, VolumeAttachmentSchema, volume);
  writeUnknown(writer, message);
}

function writeMeta(writer: ByteWriter, message: Meta | undefined): void {
  if (!message) return;
  writer.tag(task.meta.number, WireType.LengthDelimited).fork();
  writeVersion(writer, meta.version, message.version);
  writeTime(writer, meta.createdAt, message.createdAt);
  writeTime(writer, meta.updatedAt, message.updatedAt);
  writeUnknown(writer, message);
  writer.join();
}

function writeStatus(writer: ByteWriter, message: TaskStatus | undefined): void {
  if (!message) return;
  writer.tag(task.status.number, WireType.LengthDelimited).fork();
  writeTime(writer, status.timestamp, message.timestamp);
  writeInt32(writer, status.state, message.state);
  writeText(writer, status.message, message.message);
  writeText(writer, status.err, message.err);
  if (message.runtimeStatus.case === "container") writeContainer(writer, message.runtimeStatus.value);
  if (message.portStatus) writePart(writer, status.portStatus, PortStatusSchema, message.portStatus);
  writeText(writer, status.appliedBy, message.appliedBy);
  writeTime(writer, status.appliedAt, message.appliedAt);
  writeUnknown(writer, message);
  writer.join();
}

function writeContainer(writer: ByteWriter, message: ContainerStatus): void {
  writer.tag(status.container.number, WireType.LengthDelimited).fork();
  writeText(writer, container.containerId, message.containerId);
  writeInt32(writer, container.pid, message.pid);
  writeInt32(writer, container.exitCode, message.exitCode);
  writeUnknown(writer, message);
  writer.join();
}

/** A task's own annotations are nearly always empty: Docker gives it none. */
function writeAnnotations(writer: ByteWriter, message: Annotations | undefined): void {
  if (!message) return;
  if (isEmpty(message)) writer.tag(task.annotations.number, WireType.LengthDelimited).varint(0);
  else writePart(writer, task.annotations, AnnotationsSchema, message);
}

function isEmpty({ name, labels, indices, $unknown }: Annotations): boolean {
  for (const _ in labels) return false;
  return name === "" && indices.length === 0 && $unknown === undefined;
}

function writeAttachment(writer: ByteWriter, message: NetworkAttachment): void {
  writer.tag(task.networks.number, WireType.LengthDelimited).fork();
  shared.network.write(writer, message.network);
  // The network is nearly all of it; the rest is short.
  writeMessage(writer, NetworkAttachmentSchema, { ...message, network: undefined });
  writer.join();
}

function writeVersion(writer: ByteWriter, { number }: Field, message: Version | undefined): void {
  if (!message) return;
  writer.tag(number, WireType.LengthDelimited).fork();
  writeUint64(writer, version.index, message.index);
  writeUnknown(writer, message);
  writer.join();
}

function writeTime(writer: ByteWriter, { number }: Field, message: Timestamp | undefined): void {
  if (!message) return;
  writer.tag(number, WireType.LengthDelimited).fork();
  if (message.seconds !== 0n) writer.tag(time.seconds.number, WireType.Varint).int64(message.seconds);
  writeInt32(writer, time.nanos, message.nanos);
  writeUnknown(writer, message);
  writer.join();
}

interface Field {
  readonly number: number;
}

function writePart<S extends DescMessage>(
  writer: ByteWriter,
  { number }: Field,
  schema: S,
  message: MessageShape<S>,
): void {
  writer.tag(number, WireType.LengthDelimited).fork();
  writeMessage(writer, schema, message);
  writer.join();
}

function writeText(writer: ByteWriter, { number }: Field, text: string): void {
  if (text !== "") writer.tag(number, WireType.LengthDelimited).string(text);
}

function writeInt32(writer: ByteWriter, { number }: Field, value: number): void {
  if (value !== 0) writer.tag(number, WireType.Varint).int32(value);
}

function writeUint64(writer: ByteWriter, { number }: Field, value: bigint): void {
  if (value !== 0n) writer.tag(number, WireType.Varint).uint64(value);
}

/** What a later version has put in comes last. */
function writeUnknown(writer: ByteWriter, { $unknown }: Message): void {
  if ($unknown) for (const { no, wireType, data } of $unknown) writer.tag(no, wireType).raw(data);
}
