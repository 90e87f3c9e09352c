import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

type Done = (error?: Error | null) => void;

/**
 * A peer's connection as HTTP/2 gets it. Given the socket itself, Node 20 reads on within a read when a write fails on the spot, as
 * one does on a connection that is cut off; what it then forgets ends the process at a garbage collection (docs/adr/0010).
 * Of a stream of ours every write ends later.
 */
export class PeerStream extends Duplex {
  readonly #socket: TLSSocket;
  /** IP:PORT of the other end. */
  readonly endpoint: string;

  constructor(socket: TLSSocket, endpoint: string) {
    super();
    this.#socket = socket;
    this.endpoint = endpoint;
    socket.on("data", chunk => {
      if (!this.push(chunk)) socket.pause();
    });
    socket.on("end", () => this.push(null));
    socket.on("close", () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: Done): void {
    this.#socket.write(chunk, done);
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#socket.destroy();
    done(error);
  }
}
