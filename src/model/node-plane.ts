import type { Node as WireNode } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { NodeDescription } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { addressLabel } from "./node-address.ts";

/*
 * What a node says of its data plane. SwarmKit's messages have no fields for it, so it stands in the engine's labels, as the
 * node's address does.
 */

/** The node's public WireGuard key, base64. */
const wireguardLabel = "shoal.wireguard-key";
/** "true" where the node's rules see what its bridges pass on. */
const filterLabel = "shoal.filters-bridges";
/** Where VXLAN and WireGuard reach the node, where that is not where it calls from (`--data-path-addr`). */
export const dataAddressLabel = "shoal.data-address";

export interface PlaneFacts {
  /** 32 bytes; empty for a node that has none. */
  readonly wireguardKey: Uint8Array;
  /** An IP address; "" for the one that the node goes by. */
  readonly dataAddress: string;
  readonly filtersBridges: boolean;
}

/** What the description says of the data plane; nothing where a node says nothing. */
export function planeFactsOf(description: NodeDescription | undefined): PlaneFacts {
  const {
    [wireguardLabel]: key = "",
    [dataAddressLabel]: dataAddress = "",
    ...labels
  } = description?.engine?.labels ?? {};
  const filtersBridges = labels[filterLabel] === "true";
  return { wireguardKey: new Uint8Array(Buffer.from(key, "base64")), dataAddress, filtersBridges };
}

/** The description with the node's public WireGuard key, base64, and with whether its rules see what its bridges pass on. */
export function withPlaneFacts(description: NodeDescription, key: string, filtersBridges: boolean): NodeDescription {
  const { engine } = description;
  if (!engine) return description;
  const facts = { [wireguardLabel]: key, [filterLabel]: String(filtersBridges) };
  return { ...description, engine: { ...engine, labels: { ...engine.labels, ...facts } } };
}

/** Whether the node runs Shoal: a stock engine in the swarm has overlay networks of its own kind alone. */
export function isOurs({ description }: WireNode): boolean {
  return Object.hasOwn(description?.engine?.labels ?? {}, addressLabel);
}
