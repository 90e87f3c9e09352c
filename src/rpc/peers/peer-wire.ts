import type { TLSSocket } from "node:tls";
import { Fault } from "../../lib/fault.ts";
import { headerBytes, PendingBytes } from "../frames.ts";
import type { KeepAlive } from "../keep-alive.ts";
import { maxRequestBytes } from "../limits.ts";

/**
 * What members of the quorum speak instead of HTTP/2, named in the TLS handshake (ALPN, RFC 7301), for shoal.v1.Peers/Deliver
 * alone. From the caller a frame is a DeliverRequest, and a length of all ones the end; the other side says how the call ended, in one
 * frame: a gRPC status code (a byte) and its text.
 * gRPC costs each message a third of a millisecond and more on its way, twice for every change that is committed.
 */
export const peerProtocol = "shoal-peers/1";

const endMark = 0xffff_ffff;

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
      const frame = pending.takeFrame(length);
      if (length > 0) yield new Uint8Array(frame.buffer, frame.byteOffset, length);
    }
  }
  if (pending.size > 0) throw new Fault("cancelled", "the caller broke off its stream");
}
