import type { Json } from "../answer.ts";
import { HttpError } from "../errors.ts";

export type JsonObject = { readonly [key: string]: Json };
type Fields = { readonly [key: string]: Json | undefined };
type StringMap = Readonly<Record<string, string>>;

/**
 * Members as Go's `omitempty` keeps them: not those that are undefined, "", 0, false or an empty list. Objects stay,
 * also empty ones, as Go's pointers to structs do; maps go through `filled` first. The members named in `pointers` are
 * pointers in Go: they stay unless undefined.
 */
export function omitEmpty<F extends Fields>(fields: F, pointers: readonly (keyof F & string)[] = []): JsonObject {
  const kept: Record<string, Json> = {};
  // Lists of thousands of tasks pass through here: no list of entries is made.
  for (const key in fields) {
    const value = fields[key];
    if (value === undefined || (isEmpty(value) && !pointers.includes(key))) continue;
    kept[key] = value;
  }
  return kept;
}

function isEmpty(value: Json): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === "" || value === 0 || value === false;
}

/** A map, or undefined for an empty one. */
export function filled(map: StringMap): StringMap | undefined {
  return Object.keys(map).length === 0 ? undefined : map;
}

/**
 * A map from a request. The one key that a JavaScript object cannot hold is refused, as it would be lost without a word
 * on the way to the other managers.
 */
export function stringMap(map: StringMap | undefined, field: string): Record<string, string> {
  if (map && Object.hasOwn(map, "__proto__")) throw new HttpError(400, `invalid key in ${field}: "__proto__"`);
  return { ...map };
}
