import type { TLSSocket } from "node:tls";
import { Fault } from "../lib/fault.ts";

/*
 * A connection without HTTP/2 is a row of frames each way: a length of four bytes (big endian), and as many bytes. An empty one
 * says that somebody is there.
 */

/** Of a frame, before its payload. */
export const headerBytes = 4;

/** Sends a frame. False when the other side does not keep up; the socket says `drain` when it does again. */
export function writeFrame(socket: TLSSocket, payload: Uint8Array): boolean {
  const frame = Buffer.allocUnsafe(headerBytes + payload.length);
  frame.set(payload, headerBytes);
  return writeWithHeader(socket, frame);
}

/** As `writeFrame`, of a payload before which `headerBytes` were left free. */
export function writeWithHeader(socket: TLSSocket, frame: Buffer): boolean {
  frame.writeUInt32BE(frame.length - headerBytes);
  return socket.write(frame);
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

/** Sends frames on a socket, those of one turn of the event loop at once: each write of TLS has a price of its own. */
export class FrameWriter {
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  /** A payload before which `headerBytes` were left free. */
  send(frame: Buffer): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    writeWithHeader(socket, frame);
  }
}
