import type { TLSSocket } from "node:tls";
import { Fault } from "../lib/fault.ts";
import { ByteWriter } from "../wire/byte-writer.ts";

/*
 * A connection without HTTP/2 is a row of frames each way: a length of four bytes (big endian), and as many bytes. An empty one
 * says that somebody is there.
 */

/** Of a frame, before its payload. */
export const headerBytes = 4;

/** Sends one frame. */
export function writeFrame(socket: TLSSocket, payload: Uint8Array): void {
  const frame = Buffer.allocUnsafe(headerBytes + payload.length);
  frame.writeUInt32BE(payload.length);
  frame.set(payload, headerBytes);
  socket.write(frame);
}

/** What has come in of frames that are not whole. Chunks are put together once, when the last one is there. */
export class PendingBytes {
  #chunks: Buffer[] = [];
  size = 0;

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.size += chunk.length;
  }

  /** What the first header says; undefined until that is there. */
  get frameLength(): number | undefined {
    if (this.size < headerBytes) return undefined;
    const [first] = this.#chunks;
    return (first && first.length >= headerBytes ? first : this.#joined()).readUInt32BE();
  }

  /** The payload of the first frame, which must be there. */
  takeFrame(length: number): Buffer {
    const whole = headerBytes + length;
    const [first] = this.#chunks;
    const bytes = first && first.length >= whole ? first : this.#joined();
    this.size -= whole;
    if (bytes.length > whole) this.#chunks[0] = bytes.subarray(whole);
    else this.#chunks.shift();
    return bytes.subarray(headerBytes, whole);
  }

  #joined(): Buffer {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    return bytes;
  }
}

/** Cuts what comes in into the payloads of frames of up to `limit` bytes, empty ones left out. */
export class FrameReader {
  readonly #pending = new PendingBytes();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The frames that are whole with this chunk. Fault resource_exhausted for one that is too long. */
  *read(chunk: Buffer): Generator<Buffer, void> {
    const pending = this.#pending;
    pending.add(chunk);
    for (let length = pending.frameLength; length !== undefined; length = pending.frameLength) {
      if (length > this.#limit)
        throw new Fault("resource_exhausted", `a message of ${length} bytes, more than ${this.#limit}`);
      if (pending.size < headerBytes + length) return;
      const frame = pending.takeFrame(length);
      if (length > 0) yield frame;
    }
  }
}

/** Bytes of a buffer that is kept to be filled again; and how many of them are. */
const maxKeptBytes = 1024 * 1024;
const maxKeptBuffers = 2;

/**
 * Sends frames on a socket, those of one turn of the event loop at once: each write of TLS has a price of its own. They are written
 * into one buffer, which is filled again when it is sent: memory that is new each time costs more than what is done with it.
 */
export class FrameWriter {
  readonly #socket: TLSSocket;
  readonly #sent: () => void;
  #filling: ByteWriter | undefined;
  readonly #empty: ByteWriter[] = [];

  /** `sent` is called when a turn's frames are handed to the socket: it may have to drain. */
  constructor(socket: TLSSocket, sent: () => void = () => {}) {
    this.#socket = socket;
    this.#sent = sent;
  }

  /** A frame whose payload `write` writes. When that throws nothing is sent. */
  send(write: (writer: ByteWriter) => void): void {
    if (!this.#socket.writable) return;
    const writer = this.#filling ?? this.#begin();
    const start = writer.size;
    try {
      write(writer.uint32BE(0));
    } catch (error) {
      writer.truncate(start);
      throw error;
    }
    writer.setUint32BE(start, writer.size - start - headerBytes);
  }

  /** Sends what there is now. False when the other side does not keep up; the socket says `drain` when it does again. */
  flush(): boolean {
    const socket = this.#socket;
    const writer = this.#filling;
    this.#filling = undefined;
    if (writer && writer.size > 0 && socket.writable) socket.write(writer.written, () => this.#take(writer));
    return !socket.writableNeedDrain;
  }

  #begin(): ByteWriter {
    const writer = this.#empty.pop() ?? new ByteWriter();
    this.#filling = writer;
    process.nextTick(() => {
      if (this.#filling !== writer) return;
      this.flush();
      this.#sent();
    });
    return writer;
  }

  #take(writer: ByteWriter): void {
    if (this.#empty.length >= maxKeptBuffers || writer.capacity > maxKeptBytes) return;
    writer.truncate(0);
    this.#empty.push(writer);
  }
}
