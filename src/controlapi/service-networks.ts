import { isIngress } from "../model/network.ts";
import type { ReadTx } from "../store/tx.ts";
import type { ServiceSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { goQuote } from "./go-text.ts";
import { invalidArgument } from "./parts.ts";

/** A service's networks must be there; the routing mesh's is not for joining. */
export function checkNetworks(tx: ReadTx, spec: ServiceSpec): void {
  for (const { target } of [...(spec.task?.networks ?? []), ...spec.networks]) {
    const network = tx.network.get(target);
    if (!network) throw invalidArgument(`network ${target} not found`);
    if (isIngress(network)) {
      const name = goQuote(network.spec.annotations.name);
      throw invalidArgument(`Service cannot be explicitly attached to the ingress network ${name}`);
    }
  }
}
