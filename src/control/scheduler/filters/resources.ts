import { type Filter, nodes } from "../filter.ts";

/** What the task reserves is free. A node that has not told its resources yet has none. */
export const resources: Filter = {
  prepare(task) {
    const reserved = task.spec.resources?.reservations;
    if (!reserved || (reserved.nanoCpus === 0n && reserved.memoryBytes === 0n && reserved.generic.length === 0))
      return undefined;
    return ({ node, usage }) => {
      const present = node.description?.resources;
      return (
        (present?.nanoCpus ?? 0n) - usage.nanoCpus >= reserved.nanoCpus &&
        (present?.memoryBytes ?? 0n) - usage.memoryBytes >= reserved.memoryBytes &&
        (reserved.generic.length === 0 || usage.generic.claim(reserved.generic, present?.generic ?? []) !== undefined)
      );
    };
  },
  explain: count => `insufficient resources on ${nodes(count)}`,
};
