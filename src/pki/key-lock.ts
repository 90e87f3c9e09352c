import { createCipheriv, createDecipheriv, createPrivateKey, hkdfSync, randomFillSync } from "node:crypto";
import { Fault } from "../lib/fault.ts";
import { decodePem, encodePem } from "./pem.ts";

/*
 * A manager's key file under a lock. The private key is encrypted as PKCS #8 has it (RFC 5958, PBES2), with the unlock
 * key's bytes as its passphrase, which is SwarmKit's form; the values of secret headers are sealed one by one. Which
 * version of the unlock key it was stands beside it in clear, as `kek-version`.
 */

/** What a key file is locked with. */
export interface KeyLock {
  /** 32 bytes; none while keys are kept in clear. */
  readonly key: Uint8Array;
  /** Version of the cluster object that the key is from; a lock gives way to later ones alone. */
  readonly version: bigint;
}

export const noLock: KeyLock = { key: new Uint8Array(), version: 0n };

export function isLocking({ key }: KeyLock): boolean {
  return key.length > 0;
}

/** A private key and what belongs to it, in clear. */
export interface KeyContent {
  readonly keyPem: string;
  /** By name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly lock: KeyLock;
}

const versionHeader = "kek-version";
const encryptedLabel = "ENCRYPTED PRIVATE KEY";
/** Names of headers that are keys themselves begin so. */
const secretPrefix = "raft-dek";
const nonceBytes = 12;
const tagBytes = 16;

/** The text of a key file. Fault invalid_argument when the key is not PEM. */
export function encodeKey({ keyPem, headers, lock }: KeyContent): string {
  const [block] = decodePem(keyPem);
  if (!block) throw new Fault("invalid_argument", "Cannot save the node's identity: the key is not PEM");
  const version: [string, string][] = lock.version > 0n ? [[versionHeader, String(lock.version)]] : [];
  if (!isLocking(lock)) return encodePem(block.label, block.bytes, new Map([...headers, ...version]));
  const passphrase = Buffer.from(lock.key);
  const options = { type: "pkcs8", format: "der", cipher: "aes-256-cbc", passphrase } as const;
  const bytes = createPrivateKey(keyPem).export(options);
  const sealed = [...headers].map(([name, value]): [string, string] => [
    name,
    isSecret(name) ? seal(value, name, lock.key) : value,
  ]);
  return encodePem(encryptedLabel, bytes, new Map([...sealed, ...version]));
}

/**
 * What a key file holds; undefined when it holds no key. Fault unauthenticated when it is locked and `unlockKey` is not
 * the one to open it; data_loss for a damaged one.
 */
export function decodeKey(text: string, unlockKey: Uint8Array = noLock.key): KeyContent | undefined {
  const block = decodePem(text).find(({ label }) => label.endsWith("PRIVATE KEY"));
  if (!block) return undefined;
  const version = versionOf(block.headers.get(versionHeader) ?? "0");
  const headers = [...block.headers].filter(([name]) => name !== versionHeader);
  if (block.label !== encryptedLabel)
    return { keyPem: encodePem(block.label, block.bytes), headers: new Map(headers), lock: { ...noLock, version } };
  if (unlockKey.length === 0) throw locked("it is locked");
  try {
    const passphrase = Buffer.from(unlockKey);
    const key = createPrivateKey({ key: Buffer.from(block.bytes), format: "der", type: "pkcs8", passphrase });
    return {
      keyPem: key.export({ type: "pkcs8", format: "pem" }).toString(),
      headers: new Map(headers.map(([name, value]) => [name, isSecret(name) ? open(value, name, unlockKey) : value])),
      lock: { key: unlockKey, version },
    };
  } catch (cause) {
    throw locked("it is locked with another key", cause);
  }
}

function isSecret(header: string): boolean {
  return header.startsWith(secretPrefix);
}

function seal(value: string, name: string, unlockKey: Uint8Array): string {
  const nonce = randomFillSync(new Uint8Array(nonceBytes));
  const cipher = createCipheriv("aes-256-gcm", sealingKey(unlockKey), nonce).setAAD(Buffer.from(name));
  const body = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString("base64");
}

function open(value: string, name: string, unlockKey: Uint8Array): string {
  const sealed = Buffer.from(value, "base64");
  const decipher = createDecipheriv("aes-256-gcm", sealingKey(unlockKey), sealed.subarray(0, nonceBytes));
  decipher.setAAD(Buffer.from(name)).setAuthTag(sealed.subarray(sealed.length - tagBytes));
  return decipher.update(sealed.subarray(nonceBytes, -tagBytes), undefined, "utf8") + decipher.final("utf8");
}

/** A key of its own for the headers: the unlock key itself is a passphrase elsewhere. */
function sealingKey(unlockKey: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", unlockKey, "", "shoal key file headers", 32));
}

function versionOf(text: string): bigint {
  if (/^\d{1,20}$/.test(text)) return BigInt(text);
  throw new Fault("data_loss", `Cannot load the node's identity: "${text}" is no version of an unlock key`);
}

function locked(reason: string, cause?: unknown): Fault {
  return new Fault("unauthenticated", `Cannot load the node's identity: ${reason}`, { cause });
}
