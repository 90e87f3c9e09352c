import type { Network } from "../model/objects.ts";

/** Label of the ingress network as engines before 17.05 made it. */
const internalLabel = "com.docker.swarm.internal";

/** Whether this is the network of the routing mesh. */
export function isIngress({ spec }: Network): boolean {
  const { name, labels } = spec.annotations;
  return spec.ingress || (name === "ingress" && Object.hasOwn(labels, internalLabel));
}
