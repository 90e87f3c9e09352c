import { Fault } from "../lib/fault.ts";

/** Bytes of the key that locks managers. */
export const unlockKeyBytes = 32;
const PATTERN = /^SWMKEY-1-([A-Za-z0-9+/]{43})$/;

/** A key that unlocks managers as people are shown it: 43 digits of base 64 without padding. */
export function formatUnlockKey(key: Uint8Array): string {
  return `SWMKEY-1-${Buffer.from(key).toString("base64").replace(/=+$/, "")}`;
}

/** The key that a user typed. Fault invalid_argument "invalid key string", Docker's text. */
export function parseUnlockKey(text: string): Uint8Array {
  const [, digits = ""] = PATTERN.exec(text) ?? [];
  const key = new Uint8Array(Buffer.from(digits, "base64"));
  if (key.length !== unlockKeyBytes) throw new Fault("invalid_argument", "invalid key string");
  return key;
}
