import type { Cluster } from "../model/objects.ts";
import type { ReadTx } from "../store/tx.ts";

/** The cluster object; there is one, as soon as the swarm was founded. */
export function theCluster(tx: ReadTx): Cluster | undefined {
  for (const cluster of tx.cluster.all()) return cluster;
  return undefined;
}
