import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import { assert, defined } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import type { Random } from "../ports/random.ts";

/** Bytes of the key that log and snapshots are sealed with. */
export const dataKeyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** Seals what a manager writes to disk: nobody without its data key reads it, changes it or moves it elsewhere. */
export interface Sealer {
  /**
   * Takes what is in several parts for one, and gives its sealed form in parts too, each made when it is asked for: putting megabytes
   * together only to hand them on costs as much as sealing them. `place` says what and where the bytes are; they open only there.
   */
  seal(plain: Iterable<Uint8Array>, place: string): Iterable<Uint8Array>;
  /** Fault data_loss when the bytes were changed, belong elsewhere, or were sealed with another key. */
  open(sealed: Uint8Array, place: string): Uint8Array;
}

/**
 * AES-256-GCM (NIST SP 800-38D), laid out nonce, ciphertext, tag. Nonces are random, which bounds a key to 2^32 seals;
 * at 4,000 writes a second that is 12 days of nothing but writing, and each new data key starts anew.
 */
export function aesGcmSealer(keyBytes: Uint8Array, random: Random): Sealer {
  assert(keyBytes.byteLength === dataKeyBytes, `a data key has ${dataKeyBytes} bytes`);
  // Made once: Node 24 looks at bytes that are given for a key with an exception each time, which costs more than to seal a small batch.
  const key = createSecretKey(keyBytes);
  return {
    *seal(plain, place) {
      const nonce = random.bytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(place));
      yield nonce;
      for (const part of plain) yield cipher.update(part);
      cipher.final();
      yield cipher.getAuthTag();
    },
    open(sealed, place) {
      if (sealed.byteLength < nonceBytes + tagBytes) throw new Fault("data_loss", `Cannot open ${place}: too short`);
      const body = sealed.subarray(nonceBytes, sealed.byteLength - tagBytes);
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, nonceBytes)).setAAD(Buffer.from(place));
      decipher.setAuthTag(sealed.subarray(sealed.byteLength - tagBytes));
      const plain = decipher.update(body);
      try {
        decipher.final();
      } catch (cause) {
        throw new Fault("data_loss", `Cannot open ${place}: changed, or sealed with another key`, { cause });
      }
      // Not a Buffer: messages decoded from it would hold Buffers where the protocol's types say Uint8Array.
      return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength);
    },
  };
}

/**
 * Seals with the last of several keys and opens what any of them has sealed: while the key is being changed, log and
 * snapshots are partly under the one of before.
 */
export class ChangingSealer implements Sealer {
  readonly #random: Random;
  /** The last first. */
  readonly #sealers: Sealer[];
  #key: Uint8Array;

  constructor(key: Uint8Array, random: Random) {
    this.#random = random;
    this.#key = key;
    this.#sealers = [aesGcmSealer(key, random)];
  }

  /** What is sealed from now on is sealed with `key`. */
  change(key: Uint8Array): void {
    if (Buffer.from(key).equals(this.#key)) return;
    this.#key = key;
    this.#sealers.unshift(aesGcmSealer(key, this.#random));
  }

  seal(plain: Iterable<Uint8Array>, place: string): Iterable<Uint8Array> {
    return this.#last.seal(plain, place);
  }

  open(sealed: Uint8Array, place: string): Uint8Array {
    for (const sealer of this.#sealers.slice(0, -1)) {
      try {
        return sealer.open(sealed, place);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }
    return defined(this.#sealers.at(-1), "the first key").open(sealed, place);
  }

  get #last(): Sealer {
    return defined(this.#sealers[0], "the last key");
  }
}
