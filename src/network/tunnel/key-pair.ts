import { createPrivateKey, createPublicKey } from "node:crypto";
import type { Random } from "../../ports/random.ts";

/** Curve25519 keys as WireGuard writes them: 32 bytes in base64. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

const keyBytes = 32;
/** What stands before the 32 bytes of an X25519 private key in PKCS #8 (RFC 8410, 7). */
const pkcs8Head = Buffer.from("302e020100300506032b656e04220420", "hex");

export function newKeyPair(random: Random): KeyPair {
  const bytes = random.bytes(keyBytes);
  // RFC 7748, 5: `wg` shows private keys so.
  bytes[0] = (bytes[0] ?? 0) & 0xf8;
  bytes[31] = ((bytes[31] ?? 0) & 0x7f) | 0x40;
  return keyPairOf(Buffer.from(bytes).toString("base64"));
}

export function keyPairOf(privateKey: string): KeyPair {
  const der = Buffer.concat([pkcs8Head, Buffer.from(privateKey, "base64")]);
  const key = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
  const publicKey = key.export({ format: "der", type: "spki" }).subarray(-keyBytes).toString("base64");
  return { privateKey, publicKey };
}

/** A key as the managers tell it; "" where it is none. */
export function keyText(key: Uint8Array): string {
  return key.length === keyBytes ? Buffer.from(key).toString("base64") : "";
}
