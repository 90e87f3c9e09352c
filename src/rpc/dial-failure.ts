import type { ServiceError } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import { Fault } from "../lib/fault.ts";
import { NoConnection } from "../ports/transport.ts";

/** Why no connection came about. */
export type DialFailureKind =
  | "refused"
  | "unreachable"
  | "timed out"
  | "unknown host"
  | "untrusted"
  | "expired"
  | "wrong name"
  | "no tls"
  | "other";

/** The cause of a Fault unavailable that a call ends with because its connection could not be made. */
export class DialFailure extends NoConnection {
  override readonly name = "DialFailure";
  readonly kind: DialFailureKind;

  constructor(kind: DialFailureKind, detail: string) {
    super(detail);
    this.kind = kind;
  }
}

/** Texts of Node's and OpenSSL's errors, most telling first: grpc-js passes on nothing but the text. */
const PATTERNS: readonly (readonly [DialFailureKind, RegExp])[] = [
  ["expired", /certificate (has expired|is not yet valid)/i],
  ["wrong name", /altnames|does not match certificate/i],
  ["untrusted", /self[- ]signed certificate|unable to (verify|get)|certificate signature failure|invalid CA/i],
  ["refused", /ECONNREFUSED/],
  ["unreachable", /EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EINVAL/],
  ["timed out", /ETIMEDOUT/],
  ["unknown host", /ENOTFOUND|EAI_AGAIN|name resolution/i],
  ["no tls", /wrong version number|packet length too long|EPROTO|socket disconnected before|ECONNRESET|closed/i],
];

const TEXTS = {
  refused: "connection refused",
  unreachable: "the network cannot be reached",
  "timed out": "the connection timed out",
  "unknown host": "the host name is not known",
  untrusted: "the other side answers with a certificate of another root CA than the trusted one",
  expired: "the other side's certificate has expired or is not valid yet (or a clock is wrong)",
  "wrong name": "the other side's certificate is not a manager's",
  "no tls": "the other side broke off the connection or does not speak TLS",
  other: "the connection failed",
} as const satisfies Record<DialFailureKind, string>;

/** The Fault for a connection to `address` that could not be made. */
export function dialFault(address: string, kind: DialFailureKind, detail = ""): Fault {
  const more = kind === "other" && detail !== "" ? ` (${detail})` : "";
  const cause = new DialFailure(kind, detail);
  return new Fault("unavailable", `Cannot reach ${address}: ${TEXTS[kind]}${more}`, { cause });
}

/** Reads out of a call's error that there was no connection, and why. Undefined when the other side answered. */
export function dialFaultOf(address: string, error: ServiceError): Fault | undefined {
  if (error.code !== status.UNAVAILABLE) return undefined;
  if (!/^(No connection established|Name resolution failed)/i.test(error.details)) return undefined;
  return dialFault(address, classifyDialFailure(error.details), error.details);
}

/** Why a call's connection could not be made; undefined when it failed for another reason. */
export function dialFailureOf(error: unknown): DialFailureKind | undefined {
  return error instanceof Fault && error.cause instanceof DialFailure ? error.cause.kind : undefined;
}

/** What an error's text says of why no connection came about. */
export function classifyDialFailure(text: string): DialFailureKind {
  return PATTERNS.find(([, pattern]) => pattern.test(text))?.[0] ?? "other";
}
