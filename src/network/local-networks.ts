import { Derived } from "../lib/derived.ts";
import type { PlaneNetwork } from "../wire/gen/shoal/v1/network_pb.ts";
import { familyOf } from "./addresses.ts";
import { bridgeName, engineNetworkName, tunnelName, vxlanName } from "./names.ts";
import type { Plane } from "./plane-state.ts";
import { innerMtu, type Self } from "./self.ts";

/** A network of the swarm's as it is on this node. */
export interface LocalNetwork {
  readonly network: PlaneNetwork;
  readonly bridge: string;
  readonly vxlan: string;
  /** The network namespace that the VXLAN device sends within; "": this machine's own. */
  readonly namespace: string;
  readonly engineName: string;
  /** This node's own addresses on it, without lengths; the first is IPv4. */
  readonly gateways: readonly string[];
  readonly mtu: number;
}

/** Why this node cannot have the network; undefined when it can. */
export function refusalOf(network: PlaneNetwork): string | undefined {
  if (!network.subnets.some(subnet => familyOf(subnet.gateway) === 4))
    return `network "${network.name}" has no address left for this node`;
  return undefined;
}

const derived = new Derived<Plane["networks"], readonly LocalNetwork[]>();

/** The networks that this node is to have, the first made first. */
export function localNetworks({ networks }: Plane, self: Self): readonly LocalNetwork[] {
  return derived.of(networks, [self], () => {
    const wanted = [...networks.values()].filter(network => refusalOf(network) === undefined);
    return wanted.sort((a, b) => (a.id < b.id ? -1 : 1)).map(network => localNetwork(network, self));
  });
}

function localNetwork(network: PlaneNetwork, self: Self): LocalNetwork {
  const gateways = network.subnets.map(subnet => subnet.gateway).filter(address => address !== "");
  return {
    network,
    bridge: bridgeName(self.nodeId, network.id),
    vxlan: vxlanName(self.nodeId, network.id),
    // There is no way in the clear from there: what is to be encrypted is, or goes nowhere.
    namespace: network.encrypted ? tunnelName(self.nodeId) : "",
    engineName: engineNetworkName(self.nodeId, network),
    gateways: gateways.sort((a, b) => (familyOf(a) ?? 0) - (familyOf(b) ?? 0)),
    mtu: innerMtu(network.mtu, network.encrypted, self),
  };
}
