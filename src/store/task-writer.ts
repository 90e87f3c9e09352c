import { type DescMessage, type Message, type MessageShape, ScalarType, toBinary } from "@bufbuild/protobuf";
import { type BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
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
export function writeTask(writer: BinaryWriter, message: Task): void {
  writeText(writer, task.id, message.id);
  writeMeta(writer, message.meta);
  shared.spec.write(writer, message.spec);
  writeText(writer, task.serviceId, message.serviceId);
  writeBigint(writer, task.slot, message.slot, ScalarType.UINT64);
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
    writeMessage(writer, task.assignedGenericResources, GenericResourceSchema, resource);
  writeVersion(writer, task.jobIteration, message.jobIteration);
  for (const volume of message.volumes) writeMessage(writer, task.volumes, VolumeAttachmentSchema, volume);
  writeUnknown(writer, message);
}

function writeMeta(writer: BinaryWriter, message: Meta | undefined): void {
  if (!message) return;
  writer.tag(task.meta.number, WireType.LengthDelimited).fork();
  writeVersion(writer, meta.version, message.version);
  writeTime(writer, meta.createdAt, message.createdAt);
  writeTime(writer, meta.updatedAt, message.updatedAt);
  writeUnknown(writer, message);
  writer.join();
}

function writeStatus(writer: BinaryWriter, message: TaskStatus | undefined): void {
  if (!message) return;
  writer.tag(task.status.number, WireType.LengthDelimited).fork();
  writeTime(writer, status.timestamp, message.timestamp);
  writeInt32(writer, status.state, message.state);
  writeText(writer, status.message, message.message);
  writeText(writer, status.err, message.err);
  if (message.runtimeStatus.case === "container") writeContainer(writer, message.runtimeStatus.value);
  if (message.portStatus) writeMessage(writer, status.portStatus, PortStatusSchema, message.portStatus);
  writeText(writer, status.appliedBy, message.appliedBy);
  writeTime(writer, status.appliedAt, message.appliedAt);
  writeUnknown(writer, message);
  writer.join();
}

function writeContainer(writer: BinaryWriter, message: ContainerStatus): void {
  writer.tag(status.container.number, WireType.LengthDelimited).fork();
  writeText(writer, container.containerId, message.containerId);
  writeInt32(writer, container.pid, message.pid);
  writeInt32(writer, container.exitCode, message.exitCode);
  writeUnknown(writer, message);
  writer.join();
}

/** A task's own annotations are nearly always empty: Docker gives it none. */
function writeAnnotations(writer: BinaryWriter, message: Annotations | undefined): void {
  if (!message) return;
  if (isEmpty(message)) writer.tag(task.annotations.number, WireType.LengthDelimited).uint32(0);
  else writeMessage(writer, task.annotations, AnnotationsSchema, message);
}

function isEmpty({ name, labels, indices, $unknown }: Annotations): boolean {
  for (const _ in labels) return false;
  return name === "" && indices.length === 0 && $unknown === undefined;
}

function writeAttachment(writer: BinaryWriter, message: NetworkAttachment): void {
  writer.tag(task.networks.number, WireType.LengthDelimited).fork();
  shared.network.write(writer, message.network);
  // The network is nearly all of it; the rest is short.
  writer.raw(toBinary(NetworkAttachmentSchema, { ...message, network: undefined }));
  writer.join();
}

function writeVersion(writer: BinaryWriter, { number }: Field, message: Version | undefined): void {
  if (!message) return;
  writer.tag(number, WireType.LengthDelimited).fork();
  writeBigint(writer, version.index, message.index, ScalarType.UINT64);
  writeUnknown(writer, message);
  writer.join();
}

function writeTime(writer: BinaryWriter, { number }: Field, message: Timestamp | undefined): void {
  if (!message) return;
  writer.tag(number, WireType.LengthDelimited).fork();
  writeBigint(writer, time.seconds, message.seconds, ScalarType.INT64);
  writeInt32(writer, time.nanos, message.nanos);
  writeUnknown(writer, message);
  writer.join();
}

interface Field {
  readonly number: number;
}

function writeMessage<S extends DescMessage>(
  writer: BinaryWriter,
  { number }: Field,
  schema: S,
  message: MessageShape<S>,
): void {
  writer.tag(number, WireType.LengthDelimited).bytes(toBinary(schema, message));
}

function writeText(writer: BinaryWriter, { number }: Field, text: string): void {
  if (text !== "") writer.tag(number, WireType.LengthDelimited).string(text);
}

function writeInt32(writer: BinaryWriter, { number }: Field, value: number): void {
  if (value !== 0) writer.tag(number, WireType.Varint).int32(value);
}

/** Nearly all are small: taking a bigint apart takes ten times as long as a number. */
function writeBigint(
  writer: BinaryWriter,
  { number }: Field,
  value: bigint,
  type: ScalarType.UINT64 | ScalarType.INT64,
): void {
  if (value === 0n) return;
  writer.tag(number, WireType.Varint);
  if (value > 0n && value <= 0xffff_ffffn) writer.uint32(Number(value));
  else if (type === ScalarType.UINT64) writer.uint64(value);
  else writer.int64(value);
}

/** What a later version has put in comes last. */
function writeUnknown(writer: BinaryWriter, { $unknown }: Message): void {
  if ($unknown) for (const { no, wireType, data } of $unknown) writer.tag(no, wireType).raw(data);
}
