import { Fault } from "../lib/fault.ts";
import type { HttpsAnswer } from "../ports/https.ts";
import type { Caller } from "../ports/transport.ts";
import { serverNames, unitOf } from "./subject.ts";

/*
 * What CFSSL's API speaks (cfssl: doc/api/endpoint_sign.txt): a signing request and its answer, in JSON. Which usages and how
 * long a life a certificate gets is the server's configuration; who it is for is said here.
 */

/** The profile of the server's configuration with which certificates of other authorities are signed (SwarmKit). */
export const authorityProfile = "CA";

/** Characters of a server's own words that go into an error. */
const maxQuote = 400;

/** Asks for a node's certificate for the key of a certificate request (PEM); of that nothing else is to be used. */
export function nodeSigning(request: Uint8Array, node: Caller): string {
  return JSON.stringify({
    hosts: serverNames(node),
    certificate_request: Buffer.from(request).toString(),
    subject: { CN: node.nodeId, names: [{ O: node.clusterId, OU: unitOf(node.role) }] },
  });
}

/** Asks for an authority's certificate with a request's own subject and key. */
export function authoritySigning(request: Uint8Array): string {
  return JSON.stringify({ certificate_request: Buffer.from(request).toString(), profile: authorityProfile });
}

/**
 * The certificate (PEM) in an answer. Faults: failed_precondition when the server will not sign that, unavailable for
 * everything else that is no certificate: another server, or the same a moment later, may do better (SwarmKit).
 */
export function certificateIn(answer: HttpsAnswer, url: string): string {
  if (answer.status !== 200)
    throw unusable(url, `unexpected status code in CSR response: ${answer.status} - ${quote(answer.body)}`);
  const { success, errors, result } = parsed(answer.body, url);
  if (success !== true || !result) throw refusal(url, errors);
  const { certificate } = result as { certificate?: unknown };
  if (typeof certificate !== "string") throw unusable(url, "its answer holds no certificate");
  return certificate.endsWith("\n") ? certificate : `${certificate}\n`;
}

interface Response {
  readonly success?: unknown;
  readonly errors?: unknown;
  readonly result?: unknown;
}

function parsed(body: string, url: string): Response {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below, with what it was instead.
  }
  throw unusable(url, `unable to parse JSON response: ${quote(body)}`);
}

function refusal(url: string, errors: unknown): Fault {
  const all = Array.isArray(errors) ? errors : [];
  const said = all
    .map(error => (error as { message?: unknown } | null)?.message)
    .filter(text => typeof text === "string");
  const reason = said.length > 0 ? quote(said.join("; ")) : "certificate signing request failed";
  return new Fault("failed_precondition", `The external CA ${url} refused to sign: ${reason}`);
}

function unusable(url: string, reason: string): Fault {
  return new Fault("unavailable", `Cannot use the external CA ${url}: ${reason}`);
}

function quote(text: string): string {
  return text.trim().slice(0, maxQuote);
}
