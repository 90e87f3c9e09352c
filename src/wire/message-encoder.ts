import {
  create,
  type DescField,
  type DescMessage,
  isFieldSet,
  type Message,
  type MessageShape,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { FeatureSet_FieldPresence, isWrapperDesc, StructSchema } from "@bufbuild/protobuf/wkt";
import { ByteWriter, tagOf } from "./byte-writer.ts";

/*
 * Protobuf's binary form, as the library's `toBinary` gives it, into a buffer that is there already. The library makes one for each
 * message, which of an object of a kilobyte takes more time than all the rest. What is rare, or needs thought, is left to the library.
 */

/** A buffer that has grown for a message of more bytes than this is not kept. */
const maxKeptBytes = 1024 * 1024;

type Fields = Readonly<Record<string, unknown>>;
type WriteField = (writer: ByteWriter, message: Fields) => void;
type WriteValue = (writer: ByteWriter, value: unknown) => void;

const plans = new WeakMap<DescMessage, readonly WriteField[]>();
let kept = new ByteWriter();

/** The same bytes as `toBinary(schema, message)`. Throws where a value does not fit its field. */
export function encodeMessage<S extends DescMessage>(schema: S, message: MessageShape<S>): Uint8Array<ArrayBuffer> {
  kept.truncate(0);
  writeMessage(kept, schema, message);
  const bytes = kept.copy();
  if (kept.capacity > maxKeptBytes) kept = new ByteWriter();
  return bytes;
}

/** Writes those bytes. Where it throws, some of them may be written. */
export function writeMessage<S extends DescMessage>(writer: ByteWriter, schema: S, message: MessageShape<S>): void {
  write(writer, planOf(schema), message);
}

function write(writer: ByteWriter, plan: readonly WriteField[], message: Message): void {
  for (const writeField of plan) writeField(writer, message as Message & Fields);
  if (!message.$unknown) return;
  for (const { no, wireType, data } of message.$unknown) writer.tag(no, wireType).raw(data);
}

/** How each field is written, in the order of their numbers. */
function planOf(schema: DescMessage): readonly WriteField[] {
  const known = plans.get(schema);
  if (known) return known;
  const plan = schema.fields.toSorted((a, b) => a.number - b.number).map(fieldWriter);
  plans.set(schema, plan);
  return plan;
}

function fieldWriter(field: DescField): WriteField {
  const { localName: name } = field;
  const writeValue = valueWriter(field);
  if (!writeValue) return libraryWriter(field);
  if (field.fieldKind === "list")
    return (writer, message) => {
      for (const item of message[name] as readonly unknown[]) writeValue(writer, item);
    };
  if (field.oneof) {
    const oneof = field.oneof.localName;
    return (writer, message) => {
      const chosen = message[oneof] as { readonly case?: string; readonly value?: unknown };
      if (chosen.case === name) writeValue(writer, chosen.value);
    };
  }
  const isZero = field.fieldKind === "message" ? isAbsent : isZeroValue;
  return (writer, message) => {
    const value = message[name];
    if (!isZero(value)) writeValue(writer, value);
  };
}

/** For a field that alone makes a message: its bytes are a part of the whole message's. */
function libraryWriter(field: DescField): WriteField {
  const { parent, oneof, localName } = field;
  const name = oneof?.localName ?? localName;
  return (writer, message) => {
    if (isFieldSet(message as Message & Fields, field))
      writer.raw(toBinary(parent, create(parent, { [name]: message[name] })));
  };
}

const isAbsent = (value: unknown): boolean => value === undefined;

function isZeroValue(value: unknown): boolean {
  return (
    value === "" ||
    value === 0n ||
    value === 0 ||
    value === false ||
    (value instanceof Uint8Array && value.length === 0)
  );
}

/** Writes one value with its tag; undefined for what is left to the library. */
function valueWriter(field: DescField): WriteValue | undefined {
  switch (field.fieldKind) {
    case "message":
      return field.oneof || !isWrapperDesc(field.message) ? messageWriter(field) : undefined;
    case "scalar":
      return isPlain(field) ? scalarWriter(field.number, field.scalar) : undefined;
    case "enum":
      return isPlain(field) ? scalarWriter(field.number, ScalarType.INT32) : undefined;
    case "list":
      if (field.listKind === "message") return messageWriter(field);
      return field.listKind === "scalar" && !field.packed ? scalarWriter(field.number, field.scalar) : undefined;
    case "map":
      return undefined;
    default:
      return field satisfies never;
  }
}

/** Whether the value itself says that it is there. */
function isPlain({ oneof, presence }: DescField): boolean {
  return oneof !== undefined || presence === FeatureSet_FieldPresence.IMPLICIT;
}

function messageWriter(
  field: DescField & { message: DescMessage; delimitedEncoding: boolean },
): WriteValue | undefined {
  const { number, message, delimitedEncoding } = field;
  const tag = tagOf(number, WireType.LengthDelimited);
  if (delimitedEncoding || message.typeName === StructSchema.typeName) return undefined;
  let plan: readonly WriteField[] | undefined;
  return (writer, value) => {
    // Only now: messages can contain themselves.
    plan ??= planOf(message);
    writer.varint(tag).fork();
    write(writer, plan, value as Message);
    writer.join();
  };
}

function scalarWriter(number: number, type: ScalarType): WriteValue | undefined {
  const inBytes = tagOf(number, WireType.LengthDelimited);
  const inVarint = tagOf(number, WireType.Varint);
  switch (type) {
    case ScalarType.STRING:
      return (writer, value) => writer.varint(inBytes).string(value as string);
    case ScalarType.BYTES:
      return (writer, value) => writer.varint(inBytes).bytes(value as Uint8Array);
    case ScalarType.BOOL:
      return (writer, value) => writer.varint(inVarint).bool(value as boolean);
    case ScalarType.INT32:
      return (writer, value) => writer.varint(inVarint).int32(value as number);
    case ScalarType.UINT32:
      return (writer, value) => writer.varint(inVarint).varint(value as number);
    case ScalarType.INT64:
      return (writer, value) => writer.varint(inVarint).int64(value as bigint);
    case ScalarType.UINT64:
      return (writer, value) => writer.varint(inVarint).uint64(value as bigint);
    default:
      return undefined;
  }
}
