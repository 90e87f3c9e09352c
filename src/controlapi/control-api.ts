import type { Handlers } from "../ports/transport.ts";
import type { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { clusterMethods } from "./clusters.ts";
import { configMethods } from "./configs.ts";
import { extensionMethods } from "./extensions.ts";
import { networkMethods } from "./networks.ts";
import { nodeMethods } from "./nodes.ts";
import type { ControlApiParts } from "./parts.ts";
import { resourceMethods } from "./resources.ts";
import { secretMethods } from "./secrets.ts";
import { serviceMethods } from "./services.ts";
import { taskMethods } from "./tasks.ts";
import { volumeMethods } from "./volumes.ts";

/**
 * The cluster's API: validates what users ask for and writes it, each check in the transaction of the write that it
 * guards. Faults carry SwarmKit's codes and texts, which Docker's clients match on. What makes it true are the loops.
 */
export function controlApi(parts: ControlApiParts): Handlers<typeof Control> {
  return {
    ...serviceMethods(parts),
    ...taskMethods(parts),
    ...nodeMethods(parts),
    ...networkMethods(parts),
    ...clusterMethods(parts),
    ...secretMethods(parts),
    ...configMethods(parts),
    ...resourceMethods(parts),
    ...extensionMethods(parts),
    ...volumeMethods(),
  };
}
