import { HttpError } from "./errors.ts";
import { explainJson } from "./json-fault.ts";

/** Levels of nesting in a body. Docker's own deepest (service specs) have about ten. */
export const maxJsonDepth = 200;

/** Parses JSON; 400 with the text that Go's decoder has for what is wrong. */
export function parseJson(source: string): unknown {
  if (depthOf(source) > maxJsonDepth) throw new HttpError(400, `exceeded max depth of ${maxJsonDepth} in JSON`);
  try {
    return JSON.parse(source);
  } catch {
    throw new HttpError(400, explainJson(source));
  }
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
