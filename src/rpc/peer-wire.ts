import type { TLSSocket } from "node:tls";
import { Fault } from "../lib/fault.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import { keepaliveTimeMs, keepaliveTimeoutMs, maxRequestBytes } from "./limits.ts";

/**
 * What members of the quorum speak instead of HTTP/2, named in the TLS handshake (ALPN, RFC 7301), for shoal.v1.Peers/Deliver
 * alone: a row of frames, each a length of four bytes (big endian) and as many bytes. An empty one says that somebody is there. From the
 * caller a frame is a DeliverRequest, and a length of all ones the end; the other side says how the call ended, in one frame: a gRPC
 * status code (a byte) and its text.
 * gRPC costs each message a third of a millisecond and more on its way, twice for every change that is committed.
 */
export const peerProtocol = "shoal-peers/1";

/** Of a frame, before its payload. */
export const headerBytes = 4;
const nothing = new Uint8Array();
const endMark = 0xffff_ffff;

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

/** Says that no more frames come; what the other side says to that is still to be read. */
export function writeEnd(socket: TLSSocket): void {
  const mark = Buffer.allocUnsafe(headerBytes);
  mark.writeUInt32BE(endMark);
  socket.write(mark);
}

/** The frames that come in, without the empty ones, until the other side ends. Fault for one that is too long or cut off. */
export async function* framesOf(socket: TLSSocket, alive: KeepAlive): AsyncGenerator<Uint8Array, void> {
  const pending = new PendingBytes();
  // Whoever has heard enough may still have something to say.
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    alive.heard();
    pending.add(chunk);
    for (let length = pending.frameLength; length !== undefined; length = pending.frameLength) {
      if (length === endMark) return;
      if (length > maxRequestBytes)
        throw new Fault("resource_exhausted", `a message of ${length} bytes, more than ${maxRequestBytes}`);
      if (pending.size < headerBytes + length) break;
      const frame = pending.take(headerBytes + length);
      if (length > 0) yield new Uint8Array(frame.buffer, frame.byteOffset + headerBytes, length);
    }
  }
  if (pending.size > 0) throw new Fault("cancelled", "the caller broke off its stream");
}

/** What has come in of frames that are not whole. Chunks are put together once, when the last one is there. */
class PendingBytes {
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

  /** The first bytes, which must be there. */
  take(count: number): Buffer {
    const [first] = this.#chunks;
    const bytes = first && first.length >= count ? first : this.#joined();
    this.size -= count;
    if (bytes.length > count) this.#chunks[0] = bytes.subarray(count);
    else this.#chunks.shift();
    return bytes.subarray(0, count);
  }

  #joined(): Buffer {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    return bytes;
  }
}

/** Tells the other side every now and then that this one is there, and gives the socket up when it is silent for too long. */
export class KeepAlive {
  readonly #socket: TLSSocket;
  readonly #clock: Clock;
  #heard: number;
  #timer: Timer;

  constructor(socket: TLSSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.#heard = clock.monotonic();
    this.#timer = this.#schedule();
  }

  /** Something came from the other side. */
  heard(): void {
    this.#heard = this.#clock.monotonic();
  }

  stop(): void {
    this.#timer.cancel();
  }

  #schedule(): Timer {
    return this.#clock.after(keepaliveTimeMs / 2, () => this.#beat());
  }

  #beat(): void {
    if (this.#clock.monotonic() - this.#heard > keepaliveTimeMs + keepaliveTimeoutMs) {
      this.#socket.destroy(new Error("the other side has been silent for too long"));
      return;
    }
    writeFrame(this.#socket, nothing);
    this.#timer = this.#schedule();
  }
}
