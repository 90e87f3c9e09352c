import { HttpError } from "./errors.ts";
import { explainJson } from "./json-fault.ts";

/** Levels of nesting in a body. Docker's own deepest (service specs) have about ten. */
export const maxJsonDepth = 200;

/** Parses JSON; 400 with the text that Go's decoder has for what is wrong. */
export function parseJson(source: string): unknown {
  if (depthOf(source) > maxJsonDepth) throw new HttpError(400, `exceeded max depth of ${maxJsonDepth} in JSON`);
  try {
    return JSON.parse(wellFormed(source));
  } catch {
    throw new HttpError(400, explainJson(source));
  }
}

const escapes = /\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)/g;
const loneSurrogate = /^\\u[dD][89a-fA-F][0-9a-fA-F]{2}$/;

/**
 * Escaped halves of surrogate pairs become U+FFFD, as in Go: no UTF-8 can carry them, so that an object would not be
 * the same on the other managers, or after a restart.
 */
function wellFormed(source: string): string {
  if (!/\\u[dD][89a-fA-F]/.test(source)) return source;
  return source.replace(escapes, found => (loneSurrogate.test(found) ? "\\ufffd" : found));
}

/** The deepest nesting of brackets outside strings: a look ahead that allocates nothing. */
function depthOf(source: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let index = 0; index < source.length; index++) {
    const code = source.charCodeAt(index);
    if (quoted) {
      if (code === 0x5c) index++;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  return deepest;
}
