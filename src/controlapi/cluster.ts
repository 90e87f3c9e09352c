import { Fault } from "../lib/fault.ts";
import type { Cluster } from "../model/objects.ts";
import type { ReadTx } from "../store/tx.ts";

/** The only cluster there is. Fault internal before the swarm was founded. */
export function theCluster(tx: ReadTx): Cluster {
  const [cluster] = tx.cluster.all();
  if (!cluster) throw new Fault("internal", "could not fetch cluster object");
  return cluster;
}
