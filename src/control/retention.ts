import type { Cluster } from "../model/objects.ts";

/** Tasks kept in each slot, the running one included, where the cluster does not say. */
const defaultRetention = 5;

/** Tasks to keep in a slot; Infinity for all. */
export function retentionOf(cluster: Cluster | undefined): number {
  const limit = cluster?.spec.orchestration?.taskHistoryRetentionLimit;
  const retention = limit === undefined ? defaultRetention : Number(limit);
  return retention < 0 ? Number.POSITIVE_INFINITY : retention;
}
