/** Digits of an id or token part: 25 base-36 digits hold any 128-bit number (36^25 > 2^128). */
export const idLength = 25;

/** `bytes` as an unsigned big-endian number in base 36, left-padded with zeros to `digits`. */
export function base36(bytes: Uint8Array, digits: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let value = 0n;
  let at = 0;
  // By words as far as they go: each step makes a new number.
  for (; at + 8 <= bytes.length; at += 8) value = (value << 64n) | view.getBigUint64(at);
  for (; at < bytes.length; at++) value = (value << 8n) | BigInt(view.getUint8(at));
  return value.toString(36).padStart(digits, "0");
}

/** A new object id from 16 random bytes, in SwarmKit's form: 25 base-36 digits. */
export function newId(random: { bytes(count: number): Uint8Array }): string {
  return base36(random.bytes(16), idLength);
}

/** Whether `text` could be a full id. */
export function isId(text: string): boolean {
  return /^[0-9a-z]{25}$/.test(text);
}
