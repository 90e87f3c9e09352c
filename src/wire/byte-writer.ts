import type { WireType } from "@bufbuild/protobuf/wire";

const initialBytes = 1024;
/** Of a text that is written letter by letter: a call into the runtime's own encoder costs more than so many. */
const maxShortText = 40;
const maxAscii = 0x7f;

const maxInt32 = 2 ** 31 - 1;
const maxUint32 = 2 ** 32 - 1;
const maxVarint32Bytes = 5;
const maxVarint64Bytes = 10;

/**
 * Writes protobuf's wire form (protobuf.dev/programming-guides/encoding), and what goes around it, into one buffer that it keeps. The
 * library's writer gives each message a zeroed copy of its own when it is done; this one lets whoever sends the bytes read them where
 * they are, and write over them when they are sent. Values are checked as the library checks them.
 */
export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(initialBytes);
  #size = 0;
  /** Where the lengths that are not known yet are to stand. */
  #forks: number[] = [];

  /** Bytes written. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that it has room for, and keeps. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** What was written, as a view: good until the next write. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  /** What was written, for whoever keeps it. No Buffer: what is decoded from one has Buffers where the protocol's types say Uint8Array. */
  copy(): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(this.#size);
    copy.set(this.written);
    return copy;
  }

  /** Takes back what was written after the first `size` bytes, and what was begun there. */
  truncate(size: number): void {
    this.#size = size;
    this.#forks = [];
  }

  /** A field's number with how its value is written. */
  tag(field: number, type: WireType): this {
    return this.varint(tagOf(field, type));
  }

  /** An unsigned number of up to 32 bits, in as few bytes as it takes. */
  varint(value: number): this {
    if (!Number.isInteger(value) || value < 0 || value > maxUint32) throw invalid("uint32", value);
    this.#room(maxVarint32Bytes);
    this.#varint(value);
    return this;
  }

  int32(value: number): this {
    if (!Number.isInteger(value) || value > maxInt32 || value < -maxInt32 - 1) throw invalid("int32", value);
    return value < 0 ? this.#long(BigInt.asUintN(64, BigInt(value))) : this.varint(value);
  }

  int64(value: bigint): this {
    if (isShort(value)) return this.varint(Number(value));
    if (BigInt.asIntN(64, value) !== value) throw invalid("int64", value);
    return this.#long(BigInt.asUintN(64, value));
  }

  uint64(value: bigint): this {
    if (isShort(value)) return this.varint(Number(value));
    if (BigInt.asUintN(64, value) !== value) throw invalid("uint64", value);
    return this.#long(value);
  }

  bool(value: boolean): this {
    return this.byte(value ? 1 : 0);
  }

  /** UTF-8 after its length. */
  string(value: string): this {
    if (value.length <= maxShortText && this.#ascii(value)) return this;
    const length = Buffer.byteLength(value);
    this.varint(length).#room(length);
    this.#size += this.#bytes.write(value, this.#size);
    return this;
  }

  /** Bytes after their length. */
  bytes(value: Uint8Array): this {
    return this.varint(value.length).raw(value);
  }

  /** Bytes as they are. */
  raw(value: Uint8Array): this {
    this.#room(value.length);
    this.#bytes.set(value, this.#size);
    this.#size += value.length;
    return this;
  }

  byte(value: number): this {
    this.#room(1);
    this.#bytes[this.#size++] = value;
    return this;
  }

  uint16BE(value: number): this {
    return this.byte(value >>> 8).byte(value);
  }

  uint32BE(value: number): this {
    this.#room(4);
    this.#size = this.#bytes.writeUInt32BE(value, this.#size);
    return this;
  }

  /** Writes over four bytes that are there. */
  setUint32BE(at: number, value: number): void {
    this.#bytes.writeUInt32BE(value, at);
  }

  /** What is written from here until `join` is to have its length before it. */
  fork(): this {
    this.#forks.push(this.#size);
    // Nearly every length takes one byte; what has a longer one is moved.
    return this.byte(0);
  }

  join(): this {
    const at = this.#forks.pop();
    if (at === undefined) throw new Error("join without fork");
    const length = this.#size - at - 1;
    const more = varintBytes(length) - 1;
    if (more > 0) {
      this.#room(more);
      this.#bytes.copyWithin(at + 1 + more, at + 1, this.#size);
    }
    this.#size = at;
    this.#varint(length);
    this.#size += length;
    return this;
  }

  #varint(value: number): void {
    const bytes = this.#bytes;
    let at = this.#size;
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
    this.#size = at;
  }

  #long(value: bigint): this {
    this.#room(maxVarint64Bytes);
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.#size++] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[this.#size++] = Number(rest);
    return this;
  }

  /** False, with nothing written, where there is anything but ASCII in it. */
  #ascii(value: string): boolean {
    this.#room(1 + value.length);
    const bytes = this.#bytes;
    let at = this.#size;
    bytes[at++] = value.length;
    for (let letter = 0; letter < value.length; letter++) {
      const code = value.charCodeAt(letter);
      if (code > maxAscii) return false;
      bytes[at++] = code;
    }
    this.#size = at;
    return true;
  }

  #room(bytes: number): void {
    const needed = this.#size + bytes;
    if (needed <= this.#bytes.length) return;
    let length = 2 * this.#bytes.length;
    while (length < needed) length *= 2;
    const grown = Buffer.allocUnsafeSlow(length);
    grown.set(this.written);
    this.#bytes = grown;
  }
}

/** What `tag` writes. */
export function tagOf(field: number, type: WireType): number {
  return ((field << 3) | type) >>> 0;
}

/** Nearly all are: taking a bigint apart takes ten times as long as a number. */
function isShort(value: bigint): boolean {
  const number = Number(value);
  return number >= 0 && number <= maxUint32;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest >>>= 7) bytes += 1;
  return bytes;
}

function invalid(type: string, value: unknown): Error {
  return new Error(`invalid ${type}: ${value}`);
}
