import { isEncrypted } from "../model/network.ts";
import type { Cluster, Node } from "../model/objects.ts";
import { tunnelSecretBytes, tunnelSecretOf, withTunnelSecret } from "../model/tunnel-secret.ts";
import { findCluster } from "../store/the-cluster.ts";
import type { ReadTx } from "../store/tx.ts";
import { NodeStatus_State } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type Context, type Decision, type Loop, nothing } from "./loop.ts";

/** How long a secret is used, in milliseconds (SwarmKit: network keys, 12 hours). Periods begin at the same hours on every manager. */
const periodMs = 12 * 3_600_000;
/** While nodes are waited for, in milliseconds. */
const waitMs = 60_000;

export interface TunnelSecretObservation {
  readonly cluster: Cluster;
  /** Nodes on encrypted networks. */
  readonly nodes: readonly Node[];
}

/**
 * Makes the secret of encrypted networks' tunnels as soon as there is such a network, and another one each period. Agreed keys of
 * WireGuard's outlive a change for a minute at least, so that nothing is lost as long as both ends hear of it; for a node that
 * cannot be reached the change waits one period.
 */
export const tunnelSecretLoop: Loop<TunnelSecretObservation> = {
  name: "tunnel secret",
  parallel: 1,
  watches: ["network"],
  keysOf: (event, tx) => (event.kind === "network" ? allKeys(tx) : []),
  allKeys,
  observe(tx, key) {
    const cluster = tx.cluster.get(key);
    const encrypted = new Set([...tx.network.all()].filter(isEncrypted).map(({ id }) => id));
    if (!cluster || encrypted.size === 0) return undefined;
    const isConcerned = ({ attachments }: Node): boolean =>
      attachments.some(({ network }) => network !== undefined && encrypted.has(network.id));
    return { cluster, nodes: [...tx.node.all()].filter(isConcerned) };
  },
  decide: decideTunnelSecret,
};

function isReady({ status }: Node): boolean {
  return status.state === NodeStatus_State.READY;
}

function allKeys(tx: ReadTx): string[] {
  const cluster = findCluster(tx);
  return cluster ? [cluster.id] : [];
}

export function decideTunnelSecret({ cluster, nodes }: TunnelSecretObservation, { now, random }: Context): Decision {
  const period = Math.floor(now / periodMs);
  const held = tunnelSecretOf(cluster);
  const age = held ? period - Number(held.lamportTime) : Number.POSITIVE_INFINITY;
  if (age <= 0) return { ...nothing, lookAgainMs: periodMs - (now % periodMs) };
  if (age === 1 && !nodes.every(isReady)) return { ...nothing, lookAgainMs: waitMs };
  const networkBootstrapKeys = withTunnelSecret(cluster, random.bytes(tunnelSecretBytes), period);
  return { writes: [{ kind: "update cluster", cluster: { ...cluster, networkBootstrapKeys } }] };
}
