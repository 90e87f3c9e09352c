import { createHash, timingSafeEqual } from "node:crypto";
import { Fault } from "../lib/fault.ts";
import { base36, idLength } from "../lib/ids.ts";
import type { Random } from "../ports/random.ts";
import type { Caller } from "../ports/transport.ts";

/** Base-36 digits of a SHA-256 (36^50 > 2^256). */
const digestLength = 50;
const secretBytes = 16;
const PATTERN = new RegExp(`^SWMTKN-1-([0-9a-z]{${digestLength}})-([0-9a-z]{${idLength}})$`);

/** What a join token says: which root certificate to expect, and a secret that proves the right to join. */
export interface JoinToken {
  /** `digestOf` the root certificate that a joining node must be shown. */
  readonly digest: string;
  readonly secret: string;
}

/** SHA-256 of a root certificate's PEM text, as 50 base-36 digits. */
export function digestOf(rootPem: string | Uint8Array): string {
  return base36(createHash("sha256").update(rootPem).digest(), digestLength);
}

/** A token with a new secret for joining under this root certificate. */
export function newJoinToken(rootDigest: string, random: Random): string {
  return formatJoinToken({ digest: rootDigest, secret: base36(random.bytes(secretBytes), idLength) });
}

export function formatJoinToken({ digest, secret }: JoinToken): string {
  return `SWMTKN-1-${digest}-${secret}`;
}

/** The parts of a token as a user typed it. Fault invalid_argument "invalid join token", Docker's text. */
export function parseJoinToken(text: string): JoinToken {
  const [, digest, secret] = PATTERN.exec(text) ?? [];
  if (!digest || !secret) throw new Fault("invalid_argument", "invalid join token");
  return { digest, secret };
}

/** What a token presented by a joining node entitles it to, or what is wrong with it. */
export type TokenVerdict =
  | { readonly kind: "valid"; readonly role: Caller["role"] }
  | { readonly kind: "malformed" }
  /** Made for another root certificate than this swarm's. */
  | { readonly kind: "wrong digest" }
  /** Made for this root, but rotated away or never given out. */
  | { readonly kind: "wrong secret" };

/** Judges a token against the swarm's current ones. How long that takes says nothing about how much of it is right. */
export function judgeJoinToken(text: string, current: { worker: string; manager: string }): TokenVerdict {
  const [, digest, secret] = PATTERN.exec(text) ?? [];
  if (!digest || !secret) return { kind: "malformed" };
  const isManager = sameText(text, current.manager);
  const isWorker = sameText(text, current.worker);
  if (isManager) return { kind: "valid", role: "manager" };
  if (isWorker) return { kind: "valid", role: "worker" };
  const rooted = PATTERN.exec(current.worker)?.[1] ?? "";
  return sameText(digest, rooted) ? { kind: "wrong secret" } : { kind: "wrong digest" };
}

/** Compares in constant time; hashing first makes the lengths alike. An empty text equals nothing. */
function sameText(one: string, other: string): boolean {
  const [a, b] = [one, other].map(text => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b) && one !== "";
}
