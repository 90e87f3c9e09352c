import { same } from "../lib/same.ts";
import type { BridgeNetwork } from "../ports/net-ops.ts";
import type { LocalNetwork } from "./local-networks.ts";

/** The engine's bridge networks that stand for the swarm's networks on this node. */
export function bridgesOf(networks: readonly LocalNetwork[]): BridgeNetwork[] {
  return networks.map(({ network, bridge, engineName, mtu }) => ({
    name: engineName,
    networkId: network.id,
    bridge,
    mtu,
    subnets: network.subnets.filter(({ gateway }) => gateway !== "").map(({ cidr, gateway }) => ({ cidr, gateway })),
  }));
}

/**
 * What is to be made and removed. One that has changed, or has lost its device, is removed first: its name and addresses are
 * those of the new one.
 */
export function bridgePlan(
  actual: readonly BridgeNetwork[],
  wanted: readonly BridgeNetwork[],
  hasDevice: (name: string) => boolean,
): { readonly replaced: string[]; readonly made: BridgeNetwork[]; readonly removed: string[] } {
  const there = new Map(actual.map(network => [network.name, network]));
  const names = new Set(wanted.map(({ name }) => name));
  const made = wanted.filter(network => !isAsWanted(there.get(network.name), network) || !hasDevice(network.bridge));
  return {
    replaced: made.map(({ name }) => name).filter(name => there.has(name)),
    made,
    removed: [...there.keys()].filter(name => !names.has(name)),
  };
}

/** Whether the network is there, and under other addresses. */
export function hasOtherAddresses(actual: readonly BridgeNetwork[], wanted: BridgeNetwork): boolean {
  const there = actual.find(({ name }) => name === wanted.name);
  return there !== undefined && !same(inOrder(there).subnets, inOrder(wanted).subnets);
}

/** Engines tell of a network's subnets in an order of their own, IPv4 first, whatever the order they were given in. */
function isAsWanted(actual: BridgeNetwork | undefined, wanted: BridgeNetwork): boolean {
  return actual !== undefined && same(inOrder(actual), inOrder(wanted));
}

function inOrder(network: BridgeNetwork): BridgeNetwork {
  return { ...network, subnets: [...network.subnets].sort((a, b) => (a.cidr < b.cidr ? -1 : 1)) };
}
