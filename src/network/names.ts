/*
 * What everything that a node's data plane makes is called. Device names end after 15 characters, so that ids are cut: the
 * node's to four characters, which keep daemons apart that share a host, the network's to seven (36^7 = 78 billion).
 */

const tagLength = 4;
const networkLength = 7;

/** Stands for the node in names that must be short. Ids begin with little chance, so that their ends are taken. */
function nodeTag(nodeId: string): string {
  return nodeId.slice(-tagLength);
}

/** All bridges of the node's begin so. */
export function bridgePrefix(nodeId: string): string {
  return `sb${nodeTag(nodeId)}`;
}

/** All VXLAN devices of the node's begin so. */
export function vxlanPrefix(nodeId: string): string {
  return `sv${nodeTag(nodeId)}`;
}

/** How the names of all devices begin that a node has in its machine's own network namespace. */
export function devicePrefixes(nodeId: string): readonly string[] {
  return [bridgePrefix(nodeId), vxlanPrefix(nodeId)];
}

/** The node's WireGuard device, and the network namespace that it is in. */
export function tunnelName(nodeId: string): string {
  return `sw${nodeTag(nodeId)}`;
}

export function bridgeName(nodeId: string, networkId: string): string {
  return bridgePrefix(nodeId) + networkId.slice(-networkLength);
}

export function vxlanName(nodeId: string, networkId: string): string {
  return vxlanPrefix(nodeId) + networkId.slice(-networkLength);
}

/**
 * The engine's name of the bridge network that stands for a network of the swarm's. Of several networks an engine makes the one
 * that is first by name a container's way out. That is to be the ingress network, for replies by UDP leave with the address of
 * the way out, and callers want them from where they called; networks that lead nowhere come last.
 */
export function engineNetworkName(
  nodeId: string,
  network: { readonly id: string; readonly ingress: boolean; readonly internal: boolean },
): string {
  const order = network.ingress ? "a" : network.internal ? "c" : "b";
  return `${engineNetworkPrefix(nodeId)}${order}-${network.id}`;
}

/** The engine's names of all networks of the node's begin so. */
export function engineNetworkPrefix(nodeId: string): string {
  return `shoal-${nodeTag(nodeId)}-`;
}

/** The swarm's network that this engine's network stands for on the node; undefined for any other. */
export function networkIdIn(engineName: string, nodeId: string): string | undefined {
  const prefix = engineNetworkPrefix(nodeId);
  return engineName.startsWith(prefix) ? engineName.slice(prefix.length + "a-".length) : undefined;
}

/**
 * Where every node answers its containers' questions for names, besides at its address on each network: for containers whose
 * name server is settled when they are made, before the node is on their networks. Link-local (RFC 3927), so it is nobody else's.
 */
export const resolverAddress = "169.254.53.53";

/** The node's table in nftables. */
export function tableName(nodeId: string): string {
  return `shoal_${nodeId.replace(/\W/g, "_")}`;
}

/** The node's chain in the engine's firewall. */
export function forwardChain(nodeId: string): string {
  return `SHOAL-${nodeTag(nodeId)}`;
}
