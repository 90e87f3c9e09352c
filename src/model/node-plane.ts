import { parseIp } from "../lib/ip.ts";
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
/** What its own programs may call from, by commas. */
const addressesLabel = "shoal.addresses";
/** More are not told. */
const addressLimit = 32;
/** Where VXLAN and WireGuard reach the node, where that is not where it calls from (`--data-path-addr`). */
export const dataAddressLabel = "shoal.data-address";

export interface PlaneFacts {
  /** 32 bytes; empty for a node that has none. */
  readonly wireguardKey: Uint8Array;
  /** Its rules see what its bridges pass on. */
  readonly filtersBridges: boolean;
  /** Other addresses that its own programs may call from. */
  readonly addresses: readonly string[];
  /** An IP address; "" for the one that the node goes by. */
  readonly dataAddress: string;
}

/**
 * What the description says of the data plane; nothing where a node says nothing, or what cannot be: other nodes' kernels are given
 * it, and a node may be in somebody else's hands.
 */
export function planeFactsOf(description: NodeDescription | undefined): PlaneFacts {
  const labels = description?.engine?.labels ?? {};
  const { [wireguardLabel]: key = "", [dataAddressLabel]: dataAddress = "", [addressesLabel]: addresses = "" } = labels;
  return {
    wireguardKey: new Uint8Array(Buffer.from(key, "base64")),
    filtersBridges: labels[filterLabel] === "true",
    addresses: addresses.split(",", addressLimit).filter(parseIp),
    dataAddress: parseIp(dataAddress) ? dataAddress : "",
  };
}

/** The description with what the node's data plane says; `dataAddress` is the node's to say. */
export function withPlaneFacts(description: NodeDescription, facts: Omit<PlaneFacts, "dataAddress">): NodeDescription {
  const { engine } = description;
  if (!engine) return description;
  const labels = {
    [wireguardLabel]: Buffer.from(facts.wireguardKey).toString("base64"),
    [filterLabel]: String(facts.filtersBridges),
    [addressesLabel]: facts.addresses.slice(0, addressLimit).join(),
  };
  return { ...description, engine: { ...engine, labels: { ...engine.labels, ...labels } } };
}

/** Whether the node runs Shoal: a stock engine in the swarm has overlay networks of its own kind alone. */
export function isOurs({ description }: WireNode): boolean {
  return Object.hasOwn(description?.engine?.labels ?? {}, addressLabel);
}
