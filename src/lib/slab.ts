/** Bytes that are cut up at a time; what takes a quarter of them or more has memory of its own. */
const slabBytes = 64 * 1024;

/**
 * Keeps copies of bytes that live about as long as each other, one after the other in pieces of memory that they share: a piece of its
 * own for each costs the allocator and the collector of garbage more than the bytes do. A piece is let go with the last copy in it.
 */
export class Slab {
  #piece = new ArrayBuffer(0);
  #used = 0;

  /** Not a Buffer: messages decoded from one have Buffers where the protocol's types say Uint8Array. */
  copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const copy = this.#take(bytes.length);
    copy.set(bytes);
    return copy;
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    if (length * 4 >= slabBytes) return new Uint8Array(length);
    if (this.#used + length > this.#piece.byteLength) {
      // Not zeroed: every byte is written before anybody can read it.
      this.#piece = Buffer.allocUnsafeSlow(slabBytes).buffer;
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    return new Uint8Array(this.#piece, start, length);
  }
}
