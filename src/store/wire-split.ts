import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** Of a tag, which ends with the wire type (protobuf.dev/programming-guides/encoding). */
const wireTypeBits = 3;
const wireTypeMask = 7;

/** An encoded message taken apart at its top level. */
export interface Split {
  /** The contents of the fields asked for, as they stand one after the other; all of them length-delimited. */
  readonly parts: readonly { readonly field: number; readonly bytes: Uint8Array }[];
  /** The message without them. */
  readonly rest: Uint8Array;
}

/** Takes some fields out of an encoded message without decoding anything. Throws where the bytes are no message. */
export function splitMessage(bytes: Uint8Array, fields: readonly number[]): Split {
  const reader = new BinaryReader(bytes);
  const parts: { field: number; bytes: Uint8Array }[] = [];
  const kept: Uint8Array[] = [];
  let keptFrom = 0;
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [field, wireType] = reader.tag();
    if (wireType !== WireType.LengthDelimited || !fields.includes(field)) {
      reader.skip(wireType, field);
      continue;
    }
    if (keptFrom < start) kept.push(bytes.subarray(keptFrom, start));
    parts.push({ field, bytes: reader.bytes() });
    keptFrom = reader.pos;
  }
  if (keptFrom < bytes.length) kept.push(bytes.subarray(keptFrom));
  return { parts, rest: joined(kept) };
}

/**
 * Whether a field is there, length-delimited, with contents that `accept` takes: of the message from where the reader stands up to `end`.
 * `accept` is told where the contents end, and may read them. Where the bytes are no message it is false, or throws.
 */
export function hasField(
  reader: BinaryReader,
  end: number,
  field: number,
  accept: (end: number) => boolean = () => true,
): boolean {
  while (reader.pos < end) {
    // Not `tag` and `skip`: what they return would be most of what reading an entry leaves behind.
    const tag = reader.uint32();
    if ((tag & wireTypeMask) === WireType.Varint) reader.uint32();
    else if ((tag & wireTypeMask) !== WireType.LengthDelimited) reader.skip(tag & wireTypeMask, tag >>> wireTypeBits);
    else {
      const contentEnd = reader.uint32() + reader.pos;
      if (tag >>> wireTypeBits === field && accept(contentEnd)) return true;
      reader.pos = contentEnd;
    }
  }
  return false;
}

function joined(kept: readonly Uint8Array[]): Uint8Array {
  const [only] = kept;
  if (only && kept.length === 1) return only;
  // Not a Buffer: what is decoded from it has Uint8Arrays.
  const all = new Uint8Array(kept.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of kept) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
