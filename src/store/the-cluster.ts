import { Fault } from "../lib/fault.ts";
import type { Cluster } from "../model/objects.ts";
import type { ReadTx } from "./tx.ts";

/** The cluster object: there is one, as soon as the swarm was founded. */
export function findCluster(tx: ReadTx): Cluster | undefined {
  for (const cluster of tx.cluster.all()) return cluster;
  return undefined;
}

/** The same, for who cannot do without. Fault unavailable on a manager that has not caught up with the others yet. */
export function theCluster(tx: ReadTx): Cluster {
  const cluster = findCluster(tx);
  if (!cluster) throw new Fault("unavailable", "this manager does not have the state of the swarm yet");
  return cluster;
}
