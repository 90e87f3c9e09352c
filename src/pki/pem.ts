import { Fault } from "../lib/fault.ts";

/** One block of a PEM text (RFC 1421 with headers, RFC 7468 without). */
export interface PemBlock {
  /** Like "CERTIFICATE". */
  readonly label: string;
  /** In the order they are written; usually empty. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Uint8Array;
}

const lineLength = 64;
/** Characters of a PEM text that is looked at; a bundle of certificates has a few thousand. */
const maxPemLength = 1 << 20;
/** What is inside a block holds no five dashes: so a text is read in one pass, whatever it is. */
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n((?:(?!-----)[\s\S])*)-----END \1-----/g;

const noHeaders: ReadonlyMap<string, string> = new Map();

/** PEM text of one block, ending in a newline, byte for byte as Go and OpenSSL write it. */
export function encodePem(label: string, bytes: Uint8Array, headers: ReadonlyMap<string, string> = noHeaders): string {
  const lines = [`-----BEGIN ${label}-----`];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (headers.size > 0) lines.push("");
  const base64 = Buffer.from(bytes).toString("base64");
  for (let at = 0; at < base64.length; at += lineLength) lines.push(base64.slice(at, at + lineLength));
  lines.push(`-----END ${label}-----`, "");
  return lines.join("\n");
}

/** Every block of a text, in order; text around the blocks is ignored. Fault invalid_argument for a broken block. */
export function decodePem(text: string): PemBlock[] {
  if (text.length > maxPemLength) throw new Fault("invalid_argument", "Cannot read PEM text: longer than 1 MiB");
  return Array.from(text.matchAll(BLOCK), ([, label = "", inside = ""]) => {
    const lines = inside.split(/\r?\n/);
    const headers = new Map<string, string>();
    let at = 0;
    for (let header = headerOf(lines[at]); header; header = headerOf(lines[++at])) headers.set(...header);
    const base64 = lines.slice(at).join("").replace(/\s/g, "");
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0)
      throw new Fault("invalid_argument", `Cannot read PEM block "${label}": not base64`);
    return { label, headers, bytes: new Uint8Array(Buffer.from(base64, "base64")) };
  });
}

/** The certificates of a PEM text as Go and OpenSSL write them, and nothing else of it; "" when there is none, or it is broken. */
export function certificatesIn(pem: Uint8Array): string {
  try {
    const blocks = decodePem(Buffer.from(pem).toString()).filter(({ label }) => label === "CERTIFICATE");
    return blocks.map(({ label, bytes }) => encodePem(label, bytes)).join("");
  } catch {
    return "";
  }
}

function headerOf(line: string | undefined): [string, string] | undefined {
  const colon = line?.indexOf(":") ?? -1;
  return line === undefined || colon < 0 ? undefined : [line.slice(0, colon), line.slice(colon + 1).trim()];
}
