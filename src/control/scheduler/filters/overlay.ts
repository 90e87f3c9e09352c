import { isOverlay } from "../../../model/network.ts";
import { isOurs } from "../../../model/node-plane.ts";
import { type Filter, nodes } from "../filter.ts";

/**
 * A task on an overlay network, the routing mesh's included, goes to a node whose data plane is made from the swarm's state. A
 * stock engine would make a network of its own that reaches none of the others: it learns where they are by gossip.
 */
export const overlay: Filter = {
  ofNode: true,
  prepare: task =>
    task.networks.some(({ network }) => network && isOverlay(network)) ? ({ node }) => isOurs(node) : undefined,
  explain: count => `overlay networks not served by a stock engine on ${nodes(count)}`,
};
