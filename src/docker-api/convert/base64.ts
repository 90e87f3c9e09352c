import { HttpError } from "../errors.ts";

const digit = /^[A-Za-z0-9+/]$/;

/** Bytes from base64. 400 with the text and position that Go's decoder gives for what is none. */
export function fromBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  // Reading ends at a fault, or passes over it. What comes out again as it went in has none, and is not gone through.
  const fault = bytes.toString("base64") === text ? -1 : faultIn(text);
  if (fault >= 0) throw new HttpError(400, `illegal base64 data at input byte ${fault}`);
  return new Uint8Array(bytes);
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Where the text stops being padded base64 (RFC 4648, line breaks passed over), or -1. */
function faultIn(text: string): number {
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\r" || char === "\n") continue;
    if (char === "=") return faultInPadding(text, at, digits % 4);
    if (!digit.test(char)) return at;
    digits++;
  }
  return digits % 4 === 0 ? -1 : text.length - (digits % 4);
}

function faultInPadding(text: string, at: number, digits: number): number {
  if (digits < 2) return at;
  let end = afterBreaks(text, at + 1);
  if (digits === 2) {
    if (end === text.length) return text.length;
    if (text.charAt(end) !== "=") return end - 1;
    end = afterBreaks(text, end + 1);
  }
  return end < text.length ? end : -1;
}

function afterBreaks(text: string, from: number): number {
  let at = from;
  while (text.charAt(at) === "\r" || text.charAt(at) === "\n") at++;
  return at;
}
