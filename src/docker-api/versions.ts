import { HttpError } from "./errors.ts";

/** A version of the Docker API, like 1.41: parts compared as numbers, so 1.9 < 1.41. */
export interface ApiVersion {
  readonly text: string;
  readonly parts: readonly number[];
}

export const newestVersion = parseVersion("1.50");
export const oldestVersion = parseVersion("1.24");

/** Clients below this expect errors as plain text. */
const firstWithJsonErrors = parseVersion("1.24");

export function parseVersion(text: string): ApiVersion {
  return { text, parts: text.split(".").map(part => Number(part === "" ? 0 : part)) };
}

/** Whether `version` is `other` or newer. */
export function isAtLeast(version: ApiVersion, other: ApiVersion | string): boolean {
  const right = typeof other === "string" ? parseVersion(other) : other;
  const length = Math.max(version.parts.length, right.parts.length);
  for (let index = 0; index < length; index++) {
    const difference = (version.parts[index] ?? 0) - (right.parts[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

export function hasJsonErrors(version: ApiVersion): boolean {
  return isAtLeast(version, firstWithJsonErrors);
}

/** Splits "/v1.41/nodes" into version and path; a path without version means the newest. */
export function splitVersion(path: string): { readonly version: ApiVersion; readonly path: string } {
  const match = /^\/v([0-9.]+)(\/.*)$/.exec(path);
  if (!match?.[1] || !match[2]) return { version: newestVersion, path };
  return { version: parseVersion(match[1]), path: match[2] };
}

/** Throws Docker's 400 for versions we do not speak. */
export function checkVersion(version: ApiVersion): void {
  if (!isAtLeast(newestVersion, version)) {
    const limit = `Maximum supported API version is ${newestVersion.text}`;
    throw new HttpError(400, `client version ${version.text} is too new. ${limit}`);
  }
  if (!isAtLeast(version, oldestVersion)) {
    const limit = `Minimum supported API version is ${oldestVersion.text}`;
    const advice = "please upgrade your client to a newer version";
    throw new HttpError(400, `client version ${version.text} is too old. ${limit}, ${advice}`);
  }
}
