import type { Network } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { Filters } from "../filters.ts";
import { driverOf, isPredefined, nameOf } from "./network.ts";

export const networkFilters = ["driver", "type", "name", "id", "label", "scope", "dangling"];

/** Whether a list with these filters shows a network of the swarm's. All of those are "custom". */
export function isListed(network: Network, filters: Filters): boolean {
  return (
    !isPredefined(network) &&
    filters.allows("scope", "swarm") &&
    filters.allows("driver", driverOf(network)) &&
    filters.allows("type", "custom") &&
    matches(filters.get("name"), nameOf(network)) &&
    matches(filters.get("id"), network.id) &&
    filters.matchesLabels("label", network.spec?.annotations?.labels ?? {})
  );
}

/** Any part of the text matches; "^" and "$" tie a pattern to its ends. dockerd takes whole regular expressions here. */
function matches(patterns: readonly string[], text: string): boolean {
  if (patterns.length === 0) return true;
  return patterns.some(pattern => {
    const inner = pattern.replace(/^\^/, "").replace(/\$$/, "");
    const atStart = pattern.startsWith("^");
    if (pattern.endsWith("$")) return atStart ? text === inner : text.endsWith(inner);
    return atStart ? text.startsWith(inner) : text.includes(inner);
  });
}
