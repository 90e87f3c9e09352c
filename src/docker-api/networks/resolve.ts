import { Fault } from "../../lib/fault.ts";
import type { Network } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { isPredefined, nameOf } from "./network.ts";

/** What is needed of a network of the engine's own. */
export interface LocalNetwork {
  readonly Id: string;
  readonly Name: string;
}

export type Resolved = { readonly kind: "swarm"; readonly network: Network } | { readonly kind: "local" };

/**
 * Which network a user means, of the swarm's and the engine's: full id, else full name (the engine's first), else id
 * prefix. Undefined when none; 400 when several have the prefix.
 */
export function resolveNetwork(
  reference: string,
  swarm: readonly Network[],
  local: readonly LocalNetwork[],
): Resolved | undefined {
  const visible = swarm.filter(network => !isPredefined(network));
  const byId = swarm.find(network => network.id === reference);
  if (byId) return { kind: "swarm", network: byId };
  if (local.some(({ Id, Name }) => Id === reference || Name === reference)) return { kind: "local" };
  const byName = visible.find(network => nameOf(network) === reference);
  if (byName) return { kind: "swarm", network: byName };
  if (reference === "") return undefined;
  const prefixed = visible.filter(network => network.id.startsWith(reference));
  const matches = prefixed.length + local.filter(({ Id }) => Id.startsWith(reference)).length;
  if (matches > 1) {
    const count = `${matches} matches found based on ID prefix`;
    throw new Fault("invalid_argument", `network ${reference} is ambiguous (${count})`);
  }
  if (matches === 0) return undefined;
  return prefixed[0] ? { kind: "swarm", network: prefixed[0] } : { kind: "local" };
}
