import { createHmac } from "node:crypto";
import { isEncrypted } from "../../model/network.ts";
import { planeFactsOf } from "../../model/node-plane.ts";
import type { Node } from "../../model/objects.ts";
import { tunnelSecretOf } from "../../model/tunnel-secret.ts";
import { findCluster } from "../../store/the-cluster.ts";
import type { ReadTx } from "../../store/tx.ts";
import type { PlaneNode } from "../../wire/gen/shoal/v1/network_pb.ts";

/** Sets these secrets apart from whatever else may be made from the swarm's. */
const purpose = "shoal tunnel";

/** What a node is to know of another, with the keys of the tunnel between the two if they share an encrypted network. */
export function withTunnel(tx: ReadTx, toldTo: string, node: Node, item: PlaneNode): PlaneNode {
  const shared = item.attachments.some(({ networkId }) => {
    const network = tx.network.get(networkId);
    return network !== undefined && isEncrypted(network);
  });
  if (!shared) return item;
  const { wireguardKey } = planeFactsOf(node.description);
  const secret = tunnelSecretOf(findCluster(tx))?.key;
  return { ...item, wireguardKey, presharedKey: secret ? pairSecret(secret, toldTo, node.id) : new Uint8Array() };
}

export function hasTunnel({ wireguardKey }: PlaneNode): boolean {
  return wireguardKey.length > 0;
}

/** 32 bytes that two nodes share with nobody but the managers, the same for either. */
function pairSecret(secret: Uint8Array, ...nodes: [string, string]): Uint8Array {
  return new Uint8Array(
    createHmac("sha256", secret)
      .update([purpose, ...nodes.sort()].join("\n"))
      .digest(),
  );
}
