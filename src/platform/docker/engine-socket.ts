import { Socket } from "node:net";
import { connectOptions, type Endpoint } from "./endpoint.ts";

/**
 * A connection to an engine that outlives the end of its writing side. An engine closes as soon as a container or an
 * answer is complete, while the client may be still sending: a socket of Node would take the failed write for the end
 * of all, and throw away what the engine had sent before. Here failed writes vanish, as their reader has; the end of
 * the connection shows on the reading side.
 */
export class EngineSocket extends Socket {
  override _write(chunk: unknown, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    super._write(chunk, encoding, () => done());
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: (error?: Error | null) => void): void {
    super._writev?.(chunks, () => done());
  }
}

/**
 * Connects. `onread` gets the bytes as they arrive, with no buffer in between that an error could take along; returning
 * false stops reading until `resume`.
 */
export function connectEngine(endpoint: Endpoint, onread?: (bytes: Buffer) => boolean): EngineSocket {
  const socket = new EngineSocket({
    allowHalfOpen: true,
    ...(onread ? { onread: { buffer: Buffer.alloc(readBytes), callback: pass(onread) } } : {}),
  });
  const options = connectOptions(endpoint);
  return "socketPath" in options ? socket.connect(options.socketPath) : socket.connect(options);
}

/** Bytes read at once. */
const readBytes = 64 << 10;

/** Node reads into the same memory each time. */
function pass(onread: (bytes: Buffer) => boolean): (count: number, memory: Uint8Array) => boolean {
  return (count, memory) => onread(Buffer.from(memory.subarray(0, count)));
}
