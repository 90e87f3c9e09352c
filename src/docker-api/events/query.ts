import { HttpError } from "../errors.ts";
import { type Filters, parseFilters } from "../filters.ts";
import type { SwarmEvent } from "./event.ts";

/** Filters by kind of object: id or name of the object begins with the value. */
const kinds = ["container", "daemon", "image", "network", "node", "plugin", "secret", "config", "service", "volume"];
const accepted = ["event", "label", "scope", "type", ...kinds];

export interface EventQuery {
  readonly filters: Filters;
  /** Nanoseconds since 1970; undefined for "from now on" and "for ever". */
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
}

export function parseEventQuery(query: URLSearchParams): EventQuery {
  const since = timeOf(query, "since");
  const until = timeOf(query, "until");
  if (since !== undefined && until !== undefined && since > until) {
    throw new HttpError(400, "`since` time cannot be after `until` time");
  }
  return { filters: parseFilters(query, accepted), since, until };
}

/** Seconds since 1970 with an optional fraction: clients turn everything else into that. */
function timeOf(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name) ?? "";
  if (text === "") return undefined;
  const match = /^(\d{1,12})(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (!match?.[1]) throw new HttpError(400, `invalid value for ${name}: ${JSON.stringify(text)}`);
  return BigInt(match[1]) * 1_000_000_000n + BigInt((match[2] ?? "").padEnd(9, "0"));
}

/** Whether a client that filters like this is told of `event`. */
export function isWanted(event: SwarmEvent, filters: Filters): boolean {
  const name = event.attributes.name ?? "";
  return (
    filters.allows("type", event.type) &&
    filters.allows("event", event.action) &&
    filters.allows("scope", "swarm") &&
    kinds.every(kind => {
      const values = filters.get(kind);
      return values.length === 0 || values.some(value => event.id.startsWith(value) || name.startsWith(value));
    }) &&
    filters.matchesLabels("label", event.attributes)
  );
}
