import { type Filter, nodes } from "../filter.ts";
import { hostPortsOf } from "../usage.ts";

/** No other task publishes the same port on the node itself. */
export const hostPorts: Filter = {
  prepare(task) {
    const wanted = hostPortsOf(task);
    return wanted.length === 0 ? undefined : ({ usage }) => !wanted.some(key => usage.holdsHostPort(key));
  },
  explain: count => `host-mode port already in use on ${nodes(count)}`,
};
