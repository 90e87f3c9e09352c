import { create } from "@bufbuild/protobuf";
import { same } from "../../lib/same.ts";
import { isOverlay } from "../../model/network.ts";
import type { Service } from "../../model/objects.ts";
import {
  type Endpoint,
  type Endpoint_VirtualIP,
  Endpoint_VirtualIPSchema,
  EndpointSchema,
} from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { EndpointSpec_ResolutionMode as Mode } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { AddressBook } from "./address-book.ts";
import { isIngress, type PortBook } from "./ports.ts";
import { isProblem, type Problem } from "./problem.ts";
import type { SwarmNetworks } from "./swarm-networks.ts";
import type { UndoLog } from "./undo-log.ts";

/** What endpoints are made from. */
export interface EndpointSources {
  readonly networks: SwarmNetworks;
  readonly addresses: AddressBook;
  readonly ports: PortBook;
  readonly undo: UndoLog;
}

/**
 * The service with the endpoint it is to have: its ports with their numbers, and a virtual address on each of its networks,
 * the routing mesh's first. Undefined when it has that already. A service that publishes nothing and has no virtual address has
 * no endpoint, as Docker shows it.
 */
export function withEndpoint(service: Service, sources: EndpointSources): Service | Problem | undefined {
  const networkIds = virtualNetworksOf(service, sources.networks);
  if (isProblem(networkIds)) return networkIds;
  if (networkIds.length === 0 && !publishes(service)) {
    const { endpoint, ...bare } = service;
    return endpoint && bare;
  }
  if (isAsAsked(service, networkIds)) return undefined;
  const ports = sources.ports.allocate(service);
  if (isProblem(ports)) return ports;
  const virtualIps = virtualIpsFor(service, networkIds, sources);
  if (isProblem(virtualIps)) return virtualIps;
  const { spec } = service;
  const endpoint = create(EndpointSchema, { ...(spec.endpoint && { spec: spec.endpoint }), ports, virtualIps });
  const allocated = { ...service, endpoint };
  sources.ports.suppose(allocated, sources.undo);
  return allocated;
}

/** Whether the service's endpoint is made from its present spec: then its tasks may be given what it says. */
export function hasEndpoint({ endpoint, spec }: Service, networks: SwarmNetworks): boolean {
  const networkIds = virtualNetworksOf({ spec }, networks);
  if (isProblem(networkIds)) return false;
  if (networkIds.length === 0 && (spec.endpoint?.ports.length ?? 0) === 0) return endpoint === undefined;
  return isAsAsked({ endpoint, spec }, networkIds);
}

/** Whether ports of the service are published on every node. */
export function isOnMesh({ spec }: Pick<Service, "spec">): boolean {
  return spec.endpoint?.ports.some(isIngress) ?? false;
}

type Part = Pick<Service, "spec"> & { readonly endpoint?: Endpoint | undefined };

function isAsAsked({ endpoint, spec }: Part, networkIds: readonly string[]): boolean {
  if (!endpoint || !same(endpoint.spec, spec.endpoint)) return false;
  const has = new Set(endpoint.virtualIps.map(({ networkId }) => networkId));
  return has.size === networkIds.length && networkIds.every(id => has.has(id));
}

function publishes({ spec }: Service): boolean {
  return (spec.endpoint?.ports.length ?? 0) > 0;
}

/** The networks on which the service is to have a virtual address. */
function virtualNetworksOf({ spec }: Pick<Service, "spec">, networks: SwarmNetworks): string[] | Problem {
  if (spec.endpoint?.mode === Mode.DNSRR) return [];
  const ids: string[] = [];
  if (isOnMesh({ spec })) {
    const ingress = networks.ingress();
    if (isProblem(ingress)) return ingress;
    ids.push(ingress.id);
  }
  const configs = spec.task.networks.length > 0 ? spec.task.networks : spec.networks;
  for (const { target } of configs) {
    const network = networks.ready(target);
    if (isProblem(network)) return network;
    if (isOverlay(network) && !ids.includes(target)) ids.push(target);
  }
  return ids;
}

function virtualIpsFor(
  { endpoint }: Service,
  networkIds: readonly string[],
  { addresses, undo }: EndpointSources,
): Endpoint_VirtualIP[] | Problem {
  const virtualIps: Endpoint_VirtualIP[] = [];
  for (const networkId of networkIds) {
    const kept = endpoint?.virtualIps.filter(address => address.networkId === networkId) ?? [];
    virtualIps.push(...kept);
    if (kept.length > 0) continue;
    const taken = addresses.take(networkId, "service", [], undo);
    if (isProblem(taken)) return taken;
    for (const addr of taken) virtualIps.push(create(Endpoint_VirtualIPSchema, { networkId, addr }));
  }
  return virtualIps;
}
