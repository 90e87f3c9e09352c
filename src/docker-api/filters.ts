import { HttpError } from "./errors.ts";
import { parseJson } from "./json-text.ts";
import { cannotUnmarshal } from "./schema.ts";

/**
 * The `filters` of a list request: key → values. Two encodings are in use: the docker CLI's `{"name":{"web":true}}`
 * and docker-py's `{"name":["web"]}`.
 */
export class Filters {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** The values of a key; none when it is not there. */
  get(key: string): readonly string[] {
    return this.#values.get(key) ?? [];
  }

  /** Whether `value` is among the key's values, or the key is not there. */
  allows(key: string, value: string): boolean {
    const values = this.#values.get(key);
    return values === undefined || values.length === 0 || values.includes(value);
  }

  /** "key" and "key=value" entries as the cluster's API wants them: an empty value matches any. */
  pairs(key: string): Record<string, string> {
    return Object.fromEntries(this.get(key).map(splitPair));
  }

  /** Whether labels have every "key" or "key=value" that the filter `key` lists. */
  matchesLabels(key: string, labels: Readonly<Record<string, string>>): boolean {
    return this.get(key).every(entry => {
      const [name, value] = splitPair(entry);
      return Object.hasOwn(labels, name) && (!entry.includes("=") || labels[name] === value);
    });
  }
}

function splitPair(entry: string): [string, string] {
  const at = entry.indexOf("=");
  return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
}

/** Reads and checks `filters`; `accepted` are the keys this list knows. 400 `Invalid filter 'x'` for others. */
export function parseFilters(query: URLSearchParams, accepted: readonly string[]): Filters {
  const text = query.get("filters") ?? "";
  const values = text === "" ? new Map<string, string[]>() : filterValues(parseJson(text));
  for (const key of values.keys()) if (!accepted.includes(key)) throw new HttpError(400, `Invalid filter '${key}'`);
  return new Filters(values);
}

function filterValues(parsed: unknown): Map<string, string[]> {
  const values = new Map<string, string[]>();
  if (parsed === null) return values;
  if (typeof parsed !== "object" || Array.isArray(parsed))
    throw cannotUnmarshal(parsed, "filters", "map[string][]string");
  for (const [key, entry] of Object.entries(parsed)) values.set(key, entryValues(key, entry));
  return values;
}

function entryValues(key: string, entry: unknown): string[] {
  if (entry === null) return [];
  if (typeof entry !== "object") throw cannotUnmarshal(entry, `filters.${key}`, "[]string");
  if (!Array.isArray(entry)) return Object.keys(entry);
  return entry.map(value => {
    if (typeof value !== "string") throw cannotUnmarshal(value, `filters.${key}`, "string");
    return value;
  });
}
