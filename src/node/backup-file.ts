import { createCipheriv, createDecipheriv, createHmac, scrypt, timingSafeEqual } from "node:crypto";
import { Fault } from "../lib/fault.ts";
import type { Random } from "../ports/random.ts";

/*
 * A backup file, integers big endian:
 *   "shoal-backup" · u8 version (1)
 *   u8 log2(N) · u8 r · u8 p · 16 bytes salt        scrypt (RFC 7914), which makes two keys from the passphrase
 *   u64 bytes of the ciphertext · 12 bytes nonce
 *   16 bytes HMAC-SHA-256 of all before, cut        with the second key: tells a wrong passphrase from damage
 *   ciphertext · 16 bytes tag                       AES-256-GCM with the first key; all before is its associated data
 */
const magic = Buffer.from("shoal-backup");
const version = 1;
const saltBytes = 16;
const nonceBytes = 12;
const checkBytes = 16;
const tagBytes = 16;
const keyBytes = 32;

const versionAt = magic.length;
const costAt = versionAt + 1;
const saltAt = costAt + 3;
const lengthAt = saltAt + saltBytes;
const nonceAt = lengthAt + 8;
const checkAt = nonceAt + nonceBytes;
const headerBytes = checkAt + checkBytes;

/** What a guess at the passphrase costs. Memory is 128 · r · 2^logN bytes. */
export interface Cost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** OWASP's advice for scrypt: 128 MiB, some 0.4 s. */
const defaultCost: Cost = { logN: 17, r: 8, p: 1 };
/** Dearer headers are refused: somebody else may have written them. */
const highestCost: Cost = { logN: 20, r: 16, p: 4 };

/** Characters of a passphrase, at least: the file holds the key that makes managers. */
export const minPassphraseLength = 8;

/** Seals what a backup holds under a passphrase. Fault invalid_argument for one that is too short. */
export async function sealBackup(
  content: Uint8Array,
  passphrase: string,
  random: Random,
  cost = defaultCost,
): Promise<Uint8Array> {
  if (passphrase.length < minPassphraseLength)
    throw new Fault(
      "invalid_argument",
      `Cannot seal the backup: the passphrase must have at least ${minPassphraseLength} characters`,
    );
  const header = Buffer.alloc(headerBytes);
  magic.copy(header);
  header[versionAt] = version;
  header.set([cost.logN, cost.r, cost.p], costAt);
  header.set(random.bytes(saltBytes), saltAt);
  header.writeBigUInt64BE(BigInt(content.byteLength), lengthAt);
  header.set(random.bytes(nonceBytes), nonceAt);
  const keys = await deriveKeys(header, passphrase);
  header.set(checkOf(header, keys.check), checkAt);
  const cipher = createCipheriv("aes-256-gcm", keys.seal, nonceOf(header)).setAAD(header);
  const body = cipher.update(content);
  cipher.final();
  return Buffer.concat([header, body, cipher.getAuthTag()]);
}

/**
 * Opens what `sealBackup` made. Fault invalid_argument tells whether the file is no backup, is cut short, was altered, or
 * whether the passphrase is wrong.
 */
export async function openBackup(file: Uint8Array, passphrase: string): Promise<Uint8Array> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < magic.length || !bytes.subarray(0, magic.length).equals(magic))
    throw unusable("it is no backup of Shoal's");
  if (bytes.length > versionAt && bytes[versionAt] !== version)
    throw unusable(`it has format ${bytes[versionAt]}, this version knows ${version}`);
  if (bytes.length < headerBytes) throw unusable(`it is cut short at ${bytes.length} bytes`);
  const header = bytes.subarray(0, headerBytes);
  const keys = await deriveKeys(header, passphrase);
  if (!timingSafeEqual(checkOf(header, keys.check), header.subarray(checkAt)))
    throw unusable("the passphrase is wrong, or its header was altered");
  const expected = BigInt(headerBytes) + header.readBigUInt64BE(lengthAt) + BigInt(tagBytes);
  if (BigInt(bytes.length) < expected) throw unusable(`it is cut short: ${bytes.length} of ${expected} bytes`);
  if (BigInt(bytes.length) > expected) throw unusable(`it has ${BigInt(bytes.length) - expected} bytes too many`);
  return decrypt(bytes, keys.seal);
}

function decrypt(bytes: Buffer, key: Uint8Array): Uint8Array {
  const header = bytes.subarray(0, headerBytes);
  const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(header)).setAAD(header);
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  const plain = decipher.update(bytes.subarray(headerBytes, bytes.length - tagBytes));
  try {
    decipher.final();
  } catch (cause) {
    throw unusable("it was altered after it was made", cause);
  }
  // Not a Buffer: messages decoded from it would hold Buffers where the protocol's types say Uint8Array.
  return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength);
}

const nonceOf = (header: Buffer): Buffer => header.subarray(nonceAt, nonceAt + nonceBytes);

function checkOf(header: Buffer, key: Uint8Array): Buffer {
  return createHmac("sha256", key).update(header.subarray(0, checkAt)).digest().subarray(0, checkBytes);
}

async function deriveKeys(header: Buffer, passphrase: string): Promise<{ seal: Uint8Array; check: Uint8Array }> {
  const [logN = 0, r = 0, p = 0] = header.subarray(costAt, saltAt);
  const isTooDear = logN > highestCost.logN || r > highestCost.r || p > highestCost.p;
  if (logN < 1 || r < 1 || p < 1 || isTooDear)
    throw unusable(`its key takes scrypt with N=2^${logN}, r=${r}, p=${p}, which is refused`);
  const salt = header.subarray(saltAt, lengthAt);
  const cost = 2 ** logN;
  const maxmem = 128 * cost * r + 128 * r * p + (1 << 20);
  // Not the synchronous one: half a second is time enough to be taken for a dead leader.
  const keys = await new Promise<Buffer>((resolve, reject) =>
    scrypt(
      passphrase.normalize("NFC"),
      salt,
      2 * keyBytes,
      { cost, blockSize: r, parallelization: p, maxmem },
      (error, key) => (error ? reject(error) : resolve(key)),
    ),
  );
  return { seal: keys.subarray(0, keyBytes), check: keys.subarray(keyBytes) };
}

function unusable(reason: string, cause?: unknown): Fault {
  return new Fault("invalid_argument", `Cannot use the backup: ${reason}`, { cause });
}
