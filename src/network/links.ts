import { Derived } from "../lib/derived.ts";
import type { BridgeLink, Links, ReturnPath, VxlanLink } from "../ports/net-ops.ts";
import type { PlaneEndpoint } from "../wire/gen/shoal/v1/network_pb.ts";
import { alone, macOf, type Place, placeOn } from "./addresses.ts";
import type { LocalNetwork } from "./local-networks.ts";
import { resolverAddress } from "./names.ts";
import type { Plane } from "./plane-state.ts";
import { returnPaths, sendersOn } from "./return-paths.ts";
import type { Self } from "./self.ts";
import { virtualAddressesOn } from "./virtual-addresses.ts";

type Table = Map<string, Map<string, string>>;

const knownBridges = new Derived<LocalNetwork, BridgeLink>();
const knownPlaces = new Derived<LocalNetwork, Places>();

/** The devices and their tables that this node is to have. */
export function linksOf(plane: Plane, networks: readonly LocalNetwork[], self: Self): Links {
  const bridges = new Map<string, BridgeLink>();
  const vxlans = new Map<string, VxlanLink>();
  const forwarding: Table = new Map();
  const neighbours: Table = new Map();
  let returns = new Map<string, ReturnPath>();
  for (const local of networks) {
    bridges.set(
      local.bridge,
      knownBridges.of(local, [plane.services, self], () => bridgeLink(plane, local, self)),
    );
    vxlans.set(local.vxlan, vxlanLink(local, self));
    const places = knownPlaces.of(local, [plane.nodes, plane.endpoints, self], () => placesOn(plane, local, self));
    forwarding.set(local.vxlan, places.forwarding);
    neighbours.set(local.vxlan, places.neighbours);
    if (places.nextHops) neighbours.set(local.bridge, places.nextHops);
    if (local.network.ingress) returns = returnPaths(sendersOn(local.network, plane.nodes.values()), local.bridge);
  }
  return { bridges, vxlans, forwarding, neighbours, returns };
}

function bridgeLink(plane: Plane, { network, bridge, gateways }: LocalNetwork, self: Self): BridgeLink {
  const addresses = network.ingress ? [] : [...virtualAddressesOn(plane, network.id), resolverAddress].map(alone);
  return {
    name: bridge,
    mac: macOf(gateways[0] ?? ""),
    addresses: new Set(addresses),
    isFiltered: self.filtersBridges,
    withoutHairpin: new Set(),
  };
}

function vxlanLink({ network, vxlan, namespace, bridge, mtu }: LocalNetwork, self: Self): VxlanLink {
  return { name: vxlan, namespace, id: network.vxlanId, port: network.vxlanPort, local: self.address, mtu, bridge };
}

interface Places {
  /** MAC → underlay address. */
  readonly forwarding: Map<string, string>;
  /** Address → MAC. */
  readonly neighbours: Map<string, string>;
  /** Address → MAC, on the bridge itself. */
  readonly nextHops?: Map<string, string>;
}

function placesOn(plane: Plane, local: LocalNetwork, self: Self): Places {
  if (!local.network.ingress) return overlayPlaces(plane, local, self);
  return { ...ingressPlaces(plane, local, self), nextHops: nextHops(plane, local, self) };
}

/** Other nodes' bridges and containers, each behind its own MAC. The VXLAN device answers for them when asked who has what. */
function overlayPlaces(plane: Plane, { network }: LocalNetwork, self: Self): Places {
  const places: Places = { forwarding: new Map(), neighbours: new Map() };
  const note = ({ addresses, mac }: Place, nodeId: string): void => {
    const to = plane.nodes.get(nodeId)?.dataAddress ?? "";
    if (to === "" || mac === undefined) return;
    places.forwarding.set(mac, to);
    for (const address of addresses) places.neighbours.set(address, mac);
  };
  for (const node of plane.nodes.values()) note(placeOn(node.attachments, network.id), node.id);
  for (const endpoint of remote(plane, self)) note(placeOn(endpoint.attachments, network.id), endpoint.nodeId);
  return places;
}

/**
 * On the ingress network only nodes are found by others: there are replies to what a node has sent under its own address. Tasks are
 * found by nodes alone (`nextHops`).
 */
function ingressPlaces(plane: Plane, { network }: LocalNetwork, self: Self): Places {
  const places: Places = { forwarding: new Map(), neighbours: new Map() };
  for (const node of plane.nodes.values()) {
    const { addresses, mac } = placeOn(node.attachments, network.id);
    if (node.dataAddress === "" || mac === undefined) continue;
    places.forwarding.set(mac, node.dataAddress);
    for (const address of addresses) places.neighbours.set(address, mac);
  }
  for (const endpoint of remote(plane, self)) {
    const node = plane.nodes.get(endpoint.nodeId);
    const { mac } = placeOn(endpoint.attachments, network.id);
    if (mac !== undefined && node?.filtersBridges && node.dataAddress !== "")
      places.forwarding.set(mac, node.dataAddress);
  }
  return places;
}

/**
 * By which MAC this node sends what it has for a remote container: to its node, which knows the way back. That notes where a connection
 * came from as it routes it to the container; where it can see what its bridge passes on, straight to the container.
 */
function nextHops(plane: Plane, { network }: LocalNetwork, self: Self): Map<string, string> {
  const hops = new Map<string, string>();
  const macs = new Map<string, string>();
  for (const node of plane.nodes.values()) {
    const { addresses, mac } = placeOn(node.attachments, network.id);
    if (node.dataAddress === "" || mac === undefined) continue;
    macs.set(node.id, mac);
    for (const address of addresses) hops.set(address, mac);
  }
  for (const endpoint of remote(plane, self)) {
    const nodeMac = macs.get(endpoint.nodeId);
    if (nodeMac === undefined) continue;
    const { addresses, mac = nodeMac } = placeOn(endpoint.attachments, network.id);
    const hop = plane.nodes.get(endpoint.nodeId)?.filtersBridges ? mac : nodeMac;
    for (const address of addresses) hops.set(address, hop);
  }
  return hops;
}

function remote(plane: Plane, self: Self): PlaneEndpoint[] {
  return [...plane.endpoints.values()].filter(endpoint => endpoint.nodeId !== self.nodeId);
}
