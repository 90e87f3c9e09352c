import { type Filter, nodes } from "../filter.ts";

/** The node has fewer tasks of the service than the service allows on one node. */
export const maxReplicas: Filter = {
  prepare(task) {
    const limit = Number(task.spec.placement?.maxReplicas ?? 0n);
    return limit === 0 ? undefined : ({ usage }) => usage.ofService(task.serviceId) < limit;
  },
  // Docker's words, to which it adds no count.
  explain: count => `max replicas per node limit exceed on ${nodes(count)}`,
};
