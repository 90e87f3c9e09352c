/** CRC-32C (Castagnoli, RFC 3720 appendix B.4): reflected polynomial 0x82f63b78. */
const polynomial = 0x82f63b78;
/** Bytes taken in one step, each through a table of its own ("slicing by 8", Kounavis and Berry, 2005). */
const stride = 8;

const TABLES = new Int32Array(stride * 256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  TABLES[byte] = crc;
}
for (let at = 256; at < TABLES.length; at++) {
  const before = table(at - 256);
  TABLES[at] = (before >>> 8) ^ table(before & 0xff);
}

function table(at: number): number {
  return TABLES[at] as number;
}

/** Checksum of `bytes`; pass the result of an earlier call as `start` to go on with more bytes. */
export function crc32c(bytes: Uint8Array, start = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let crc = ~start;
  let at = 0;
  for (; at + stride <= bytes.length; at += stride) {
    const low = crc ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    crc =
      table(0x700 | (low & 0xff)) ^
      table(0x600 | ((low >>> 8) & 0xff)) ^
      table(0x500 | ((low >>> 16) & 0xff)) ^
      table(0x400 | (low >>> 24)) ^
      table(0x300 | (high & 0xff)) ^
      table(0x200 | ((high >>> 8) & 0xff)) ^
      table(0x100 | ((high >>> 16) & 0xff)) ^
      table(high >>> 24);
  }
  for (; at < bytes.length; at++) crc = table((crc ^ (bytes[at] as number)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}
