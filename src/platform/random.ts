import { randomBytes, randomFillSync } from "node:crypto";
import type { Random } from "../ports/random.ts";

/** Bytes of a request that are taken from a lot: ids and nonces. Keys are larger, and lie nowhere before they are asked for. */
const fewBytes = 16;
/** The kernel is asked for so many at once: each time has a price of its own, which was a twentieth of a write's. */
const lot = Buffer.alloc(4_096);
let taken = lot.length;

function few(count: number): Buffer {
  if (taken + count > lot.length) {
    randomFillSync(lot);
    taken = 0;
  }
  const place = lot.subarray(taken, taken + count);
  const bytes = Buffer.from(place);
  place.fill(0);
  taken += count;
  return bytes;
}

/** The kernel's random numbers. */
export const systemRandom: Random = {
  bytes: count => (count <= fewBytes ? few(count) : randomBytes(count)),
  float: () => few(6).readUIntBE(0, 6) / 2 ** 48,
};
