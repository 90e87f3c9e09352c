import type { Service } from "../model/objects.ts";
import type { ReadTx } from "../store/tx.ts";
import type { EndpointSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { type PortConfig, PortConfig_PublishMode as PublishMode } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { invalidArgument } from "./parts.ts";

/**
 * Refuses ports that another service has on every node: an ingress port is one service's alone. Two services may ask for
 * the same port in host mode; the scheduler keeps them on different nodes.
 */
export function checkPortConflicts(tx: ReadTx, endpoint: EndpointSpec | undefined, serviceId: string): void {
  const ingress = new Set<string>();
  const host = new Set<string>();
  for (const port of endpoint?.ports ?? [])
    if (port.publishedPort !== 0) (port.publishMode === PublishMode.HOST ? host : ingress).add(keyOf(port));
  if (ingress.size + host.size === 0) return;
  for (const service of tx.service.all()) {
    if (service.id === serviceId) continue;
    for (const port of portsOf(service)) {
      const taken = ingress.has(keyOf(port));
      if (port.publishMode === PublishMode.HOST && taken) throw inUse(port, service, "a host-published port");
      if (port.publishMode === PublishMode.INGRESS && (taken || host.has(keyOf(port))))
        throw inUse(port, service, "an ingress port");
    }
  }
}

/** Ports a service asks for, and those it was given for asking for any. */
function portsOf({ spec, endpoint }: Service): PortConfig[] {
  return [...(spec.endpoint?.ports ?? []), ...(endpoint?.ports ?? [])].filter(port => port.publishedPort !== 0);
}

function keyOf({ publishedPort, protocol }: PortConfig): string {
  return `${publishedPort}/${protocol}`;
}

function inUse({ publishedPort }: PortConfig, { id, spec }: Service, how: string) {
  return invalidArgument(
    `port '${publishedPort}' is already in use by service '${spec.annotations.name}' (${id}) as ${how}`,
  );
}
