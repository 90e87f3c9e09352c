import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

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
