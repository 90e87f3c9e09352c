import { create } from "@bufbuild/protobuf";
import { same } from "../../lib/same.ts";
import type { Service } from "../../model/objects.ts";
import type { ReadTx } from "../../store/tx.ts";
import { type Endpoint, EndpointSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type Decision, type Loop, nothing } from "../loop.ts";
import { IngressPorts, type PortProblem } from "./ports.ts";

/** How long a service waits for a port that another one holds before it looks again. */
const portRetryMs = 1_000;

export interface EndpointObservation {
  readonly service: Service;
  readonly others: Iterable<Service>;
}

/**
 * Fills in each service's endpoint: what it asked for, with the numbers of its published ports. A service that publishes
 * nothing and has no virtual address has none, as Docker shows it. Keys are service ids.
 */
export const endpointLoop: Loop<EndpointObservation> = {
  name: "endpoints",
  // One at a time: two services must not be given the same port.
  parallel: 1,
  keysOf: event => (event.kind === "service" && event.action !== "remove" ? [event.object.id] : []),
  *allKeys(tx) {
    for (const service of tx.service.all()) yield service.id;
  },
  observe(tx, key) {
    const service = tx.service.get(key);
    return service && { service, others: othersThan(service, tx) };
  },
  decide: decideEndpoint,
};

export function* othersThan(service: Service, tx: ReadTx): Iterable<Service> {
  for (const other of tx.service.all()) if (other.id !== service.id) yield other;
}

export function decideEndpoint({ service, others }: EndpointObservation): Decision {
  if (hasEndpoint(service)) return nothing;
  if (!needsEndpoint(service)) {
    const { endpoint: _, ...bare } = service;
    return { writes: [{ kind: "update service", service: bare }] };
  }
  const endpoint = endpointFor(service, others);
  if ("text" in endpoint) return { writes: [], lookAgainMs: portRetryMs };
  return { writes: [{ kind: "update service", service: { ...service, endpoint } }] };
}

/** The endpoint that the service is to have, or what is in the way of it. */
export function endpointFor(service: Service, others: Iterable<Service>): Endpoint | PortProblem {
  const ports = new IngressPorts(others).allocate(service);
  if ("text" in ports) return ports;
  const { spec } = service;
  return create(EndpointSchema, {
    ...(spec.endpoint && { spec: spec.endpoint }),
    ports,
    virtualIps: service.endpoint?.virtualIps ?? [],
  });
}

/** Whether the service's endpoint is what its spec asks for. */
export function hasEndpoint(service: Service): boolean {
  if (!needsEndpoint(service)) return service.endpoint === undefined;
  return service.endpoint !== undefined && same(service.endpoint.spec, service.spec.endpoint);
}

function needsEndpoint({ spec, endpoint }: Service): boolean {
  return (spec.endpoint?.ports.length ?? 0) > 0 || (endpoint?.virtualIps.length ?? 0) > 0;
}
