import { X509Certificate } from "node:crypto";
import { Fault } from "../lib/fault.ts";
import { decodePem } from "./pem.ts";

/** Certificates between a node's and its root that are followed; a rotated root needs one. */
const maxIntermediates = 3;
/** Certificates in one file that are looked at. */
const maxCertificates = 16;

/** Every certificate of a PEM text, in order. Fault invalid_argument when there is none or one is unreadable. */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = decodePem(pem).filter(({ label }) => label === "CERTIFICATE");
  if (blocks.length === 0) throw new Fault("invalid_argument", "Cannot read certificates: the text holds none");
  if (blocks.length > maxCertificates)
    throw new Fault("invalid_argument", `Cannot read certificates: more than ${maxCertificates}`);
  try {
    return blocks.map(({ bytes }) => new X509Certificate(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("invalid_argument", `Cannot read certificates: ${reason}`, { cause });
  }
}

/**
 * Whether one of `roots` vouches for `leaf`, directly or over `intermediates`. Looks at names and signatures, not at
 * the time: an expired certificate still says whose it was.
 */
export function isVouchedFor(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): boolean {
  let current = leaf;
  for (let depth = 0; depth <= maxIntermediates; depth++) {
    if (roots.some(root => issued(root, current))) return true;
    const next = intermediates.find(candidate => candidate !== current && issued(candidate, current));
    if (!next) return false;
    current = next;
  }
  return false;
}

/** Whether the first certificate of a PEM text was signed by this issuer's key under its name; false for unreadable ones. */
export function isIssuedBy(certificatePem: string | Uint8Array, issuerPem: string | Uint8Array): boolean {
  try {
    return issued(new X509Certificate(issuerPem), new X509Certificate(certificatePem));
  } catch {
    return false;
  }
}

/** The certificate among those that a node shows and trusts that signed its own. */
export function issuerCertificate(certificatePem: string, rootPem: string): X509Certificate | undefined {
  const [leaf, ...intermediates] = readCertificates(certificatePem);
  return leaf && [...intermediates, ...readCertificates(rootPem)].find(candidate => issued(candidate, leaf));
}

function issued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
