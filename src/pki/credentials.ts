import { createPrivateKey, X509Certificate } from "node:crypto";
import { Fault } from "../lib/fault.ts";
import type { Caller } from "../ports/transport.ts";
import { isVouchedFor, readCertificates } from "./chain.ts";
import { identityOf } from "./subject.ts";

/** The texts a node proves itself with. */
export interface CredentialTexts {
  /** The node's certificate, and after it any intermediate ones that lead to a root. */
  readonly certificatePem: string;
  /** Its private key (PKCS #8 or SEC 1). */
  readonly keyPem: string;
  /** The root certificates the node trusts: one, or several while the root is being changed. */
  readonly rootPem: string;
}

/** A node's identity, proven: certificate, key and roots fit together. */
export interface Credentials extends CredentialTexts, Caller {
  /** Milliseconds since 1970 between which the certificate holds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * Reads the texts and proves that they fit: the key is the certificate's, a trusted root vouches for the certificate,
 * and it names a node. An expired certificate passes: whoever uses it looks at `notAfterMs`. Fault invalid_argument
 * says what does not fit.
 */
export function parseCredentials({ certificatePem, keyPem, rootPem }: CredentialTexts): Credentials {
  const [leaf, ...intermediates] = readCertificates(certificatePem);
  if (!leaf) throw unusable("there is none");
  const identity = identityOf(leaf.toLegacyObject().subject);
  if (!identity) throw unusable("its subject does not name a node, a role and a swarm");
  if (!isVouchedFor(leaf, intermediates, readCertificates(rootPem)))
    throw unusable("it was signed by another root CA than the trusted one");
  if (!belongsTo(leaf, keyPem)) throw unusable("the private key does not belong to it");
  return {
    certificatePem,
    keyPem,
    rootPem,
    ...identity,
    notBeforeMs: Date.parse(leaf.validFrom),
    notAfterMs: Date.parse(leaf.validTo),
  };
}

/** Whether the private key and the certificate (the first of its text) are a pair; false for unreadable ones. */
export function isPair(certificatePem: string, keyPem: string): boolean {
  try {
    return belongsTo(new X509Certificate(certificatePem), keyPem);
  } catch {
    return false;
  }
}

function belongsTo(certificate: X509Certificate, keyPem: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch (cause) {
    throw unusable("the private key cannot be read", cause);
  }
}

function unusable(reason: string, cause?: unknown): Fault {
  return new Fault("invalid_argument", `Cannot use the node's certificate: ${reason}`, { cause });
}
