import { HttpError } from "./errors.ts";

/** A flag in the query as Docker reads most of them: anything but "", "0", "no", "false" and "none" is true. */
export function flag(query: URLSearchParams, name: string): boolean {
  const text = (query.get(name) ?? "").trim().toLowerCase();
  return !["", "0", "no", "false", "none"].includes(text);
}

/** A boolean as Go's strconv.ParseBool reads it, or undefined for anything else. */
export function parseBool(text: string): boolean | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  return undefined;
}

const largestUint64 = 2n ** 64n - 1n;

/** Why `text` is no unsigned 64-bit number, in Go's words, or the number. */
function parseUint64(text: string): bigint | string {
  if (!/^[0-9]+$/.test(text)) return `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
  const value = BigInt(text);
  return value > largestUint64 ? `strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range` : value;
}

/** The `version` every update must name. 400 with Docker's text for the kind of object otherwise. */
export function versionQuery(
  query: URLSearchParams,
  kind: "service" | "node" | "swarm" | "secret" | "config" | "volume",
): bigint {
  const text = query.get("version") ?? "";
  const value = parseUint64(text);
  if (typeof value === "bigint") return value;
  const terse = kind === "secret" || kind === "config";
  throw new HttpError(400, terse ? `invalid ${kind} version` : `invalid ${kind} version '${text}': ${value}`);
}

/** A flag that must be a boolean; 400 naming it otherwise. */
export function strictFlag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name) ?? "";
  const value = text === "" ? false : parseBool(text);
  if (value !== undefined) return value;
  const reason = `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw new HttpError(400, `invalid value for ${name}: ${text}: ${reason}`);
}
