import { isOurs } from "../../model/node-plane.ts";
import type { Node } from "../../model/objects.ts";

/** What the embedded runtime says of itself. */
const runtimeLabel = "shoal.runtime";

/** Why a node has no data plane to examine, as far as it has described itself; undefined for one that has. */
export function whyNoDataPlane(node: Node): string | undefined {
  const engine = node.description?.engine;
  if (!isOurs(node)) return "it is a Docker Engine without Shoal, which has overlay networks of its own kind";
  if (engine?.labels[runtimeLabel] === "embedded")
    return "its tasks run on the embedded runtime: the daemon itself passes on what comes in by published ports";
  if (!engine?.plugins.some(({ type, name }) => type === "Network" && name === "overlay"))
    return "this machine cannot have the swarm's networks: its daemon's log says what is missing";
  return undefined;
}
