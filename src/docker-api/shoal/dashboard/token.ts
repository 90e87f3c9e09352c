import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** What the bearer of a dashboard token may do: look, or also change what the dashboard can change. */
export type DashboardRole = "reader" | "operator";

/** What a dashboard token says. */
export interface DashboardPass {
  /** Whom it was given to: for the audit log. */
  readonly name: string;
  readonly role: DashboardRole;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
}

const prefix = "shoal-dashboard-1";
const keyBytes = 32;
/** Characters; what is longer is no token of ours. */
const longestToken = 1_024;

/**
 * The key that the swarm's dashboard tokens are made with (HKDF, RFC 5869). Every manager has it, and rotating the
 * managers' join token makes another one: that ends all tokens.
 */
export function dashboardKey(clusterId: string, managerJoinToken: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", managerJoinToken, clusterId, "shoal dashboard tokens", keyBytes));
}

/** A token that `readToken` takes with the same key until it expires. */
export function makeToken(pass: DashboardPass, key: Uint8Array): string {
  const content = `${prefix}.${Buffer.from(JSON.stringify(pass)).toString("base64url")}`;
  return `${content}.${sign(content, key).toString("base64url")}`;
}

/** What a token says; undefined when it is not one of this key's, or its time is over. */
export function readToken(token: string, key: Uint8Array, nowMs: number): DashboardPass | undefined {
  if (token.length > longestToken) return undefined;
  const [kind, content, signature, ...more] = token.split(".");
  if (kind !== prefix || content === undefined || signature === undefined || more.length > 0) return undefined;
  const given = Buffer.from(signature, "base64url");
  const expected = sign(`${kind}.${content}`, key);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const pass = JSON.parse(Buffer.from(content, "base64url").toString()) as DashboardPass;
  return pass.expiresMs > nowMs ? pass : undefined;
}

function sign(content: string, key: Uint8Array): Buffer {
  return createHmac("sha256", key).update(content).digest();
}
