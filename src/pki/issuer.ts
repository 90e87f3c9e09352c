import { X509Certificate } from "node:crypto";

/** What a cluster's certificates name as their issuer, DER both. */
export interface Issuer {
  readonly subject: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The issuer that a root certificate (PEM) makes; undefined when it cannot be read. */
export function issuerOf(rootPem: Uint8Array): Issuer | undefined {
  try {
    const certificate = new X509Certificate(Buffer.from(rootPem));
    const publicKey = certificate.publicKey.export({ type: "spki", format: "der" });
    return { subject: subjectOf(certificate.raw), publicKey };
  } catch {
    // A swarm whose root is unreadable has worse trouble than a member missing here.
    return undefined;
  }
}

interface Element {
  /** Tag, length and content. */
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
}

const versionTag = 0xa0;

/** RFC 5280 4.1: version (optional), serial, signature, issuer, validity, then the subject. */
function subjectOf(certificate: Uint8Array): Uint8Array {
  const [outer] = elements(certificate);
  const [signed] = elements(outer?.content ?? new Uint8Array());
  const fields = elements(signed?.content ?? new Uint8Array());
  const subject = fields[fields[0]?.whole[0] === versionTag ? 5 : 4];
  if (!subject) throw new RangeError("the certificate has no subject");
  return subject.whole;
}

/** The elements of a DER sequence's content (X.690 8.1): tag, length in one or more bytes, content. */
function elements(bytes: Uint8Array): Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at + 1 < bytes.length) {
    const first = bytes[at + 1] ?? 0;
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    const start = at + 2 + lengthBytes;
    let length = lengthBytes === 0 ? first : 0;
    for (const byte of bytes.subarray(at + 2, start)) length = length * 256 + byte;
    const end = start + length;
    found.push({ whole: bytes.subarray(at, end), content: bytes.subarray(start, end) });
    at = end;
  }
  return found;
}
