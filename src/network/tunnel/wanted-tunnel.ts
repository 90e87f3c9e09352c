import type { Tunnel, TunnelPeer } from "../../ports/tunnel-ops.ts";
import type { PlaneNode } from "../../wire/gen/shoal/v1/network_pb.ts";
import { alone } from "../addresses.ts";
import { tunnelName } from "../names.ts";
import type { Plane } from "../plane-state.ts";
import { type Self, tunnelMtu } from "../self.ts";
import { keyText } from "./key-pair.ts";

/** UDP, on every node. What Swarm's gossip had, which Shoal does without: firewalls between a swarm's nodes let it pass already. */
export const tunnelPort = 7946;

/** The tunnel that this node is to have, but for its own key; undefined where no network of its is encrypted. */
export type WantedTunnel = Omit<Tunnel, "privateKey">;

/** Nodes go by the same addresses inside the tunnel as outside: what VXLAN is told of where they are holds for both. */
export function wantedTunnel(plane: Plane, self: Self): WantedTunnel | undefined {
  if (![...plane.networks.values()].some(({ encrypted }) => encrypted)) return undefined;
  const peers = [...plane.nodes.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).flatMap(peerOf);
  return { name: tunnelName(self.nodeId), port: tunnelPort, address: self.address, mtu: tunnelMtu(self), peers };
}

function peerOf({ wireguardKey, presharedKey, dataAddress }: PlaneNode): TunnelPeer[] {
  const key = keyText(wireguardKey);
  if (key === "" || dataAddress === "") return [];
  const endpoint = `${dataAddress.includes(":") ? `[${dataAddress}]` : dataAddress}:${tunnelPort}`;
  return [{ key, presharedKey: keyText(presharedKey), endpoint, allowed: alone(dataAddress) }];
}
