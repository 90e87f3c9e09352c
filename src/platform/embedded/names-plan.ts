import { create } from "@bufbuild/protobuf";
import type { Plane } from "../../network/plane-state.ts";
import {
  type PlaneEndpoint,
  PlaneEndpointSchema,
  type PlaneNetwork,
  type PlaneService,
} from "../../wire/gen/shoal/v1/network_pb.ts";
import { backendOf, type MeshNode, type MeshPort, protocols } from "./mesh-plan.ts";

/** Tasks that get an address of their own on a node: each costs a few sockets. Of more, `tasks.SERVICE` names these. */
export const mostNamedTasks = 200;

export const userKey = "user";
export const taskKey = (taskId: string): string => `task ${taskId}`;
const serviceKey = (serviceId: string): string => `service ${serviceId}`;

/** What names mean on this node, and what has to be served for that. */
export interface NamesPlan {
  /** What the managers say, with addresses of this machine's own in the place of those on overlay networks. */
  readonly plane: Plane;
  /** The services' ports at those addresses. */
  readonly ports: readonly MeshPort[];
  /** Where questions are answered, each for who asks there: this node's tasks, and the machine's user. */
  readonly resolvers: readonly string[];
  /** What has an address. */
  readonly keys: ReadonlySet<string>;
}

export interface NamesNode extends MeshNode {
  /** The lowest port that this daemon may listen on. */
  readonly lowestPort: number;
}

/**
 * Gives services and tasks on overlay networks addresses of this machine's own, where the ports that the service publishes
 * answer by their target port, as in a container's network, and by their published port. Which names somebody finds depends on
 * the networks: a task asks at its own address, which stands for its networks; the machine's user may ask for all.
 */
export function planNames(
  plane: Plane,
  self: NamesNode,
  leaving: ReadonlySet<string>,
  addressOf: (key: string) => string,
): NamesPlan {
  const networks = namedNetworks(plane);
  const isNamed = ({ networkId }: { readonly networkId: string }): boolean => networks.has(networkId);
  const keys = new Set<string>();
  const address = (key: string): string => {
    keys.add(key);
    return addressOf(key);
  };
  const ports: MeshPort[] = [];
  const endpoints = new Map<string, PlaneEndpoint>();
  const resolvers: string[] = [];
  const named = [...plane.endpoints.values()].filter(({ attachments }) => attachments.some(isNamed));
  // This node's own come first: they ask.
  const isHere = ({ nodeId }: PlaneEndpoint): number => (nodeId === self.nodeId ? 0 : 1);
  named.sort((a, b) => isHere(a) - isHere(b) || (a.taskId < b.taskId ? -1 : 1));
  for (const endpoint of named.slice(0, mostNamedTasks)) {
    const own = address(taskKey(endpoint.taskId));
    const attachments = endpoint.attachments.filter(isNamed).map(each => ({ ...each, addresses: [`${own}/8`] }));
    endpoints.set(endpoint.taskId, { ...endpoint, attachments });
    if (endpoint.nodeId === self.nodeId) resolvers.push(own);
    const service = plane.services.get(endpoint.serviceId);
    const answering = endpoint.ready && !leaving.has(endpoint.taskId) ? [endpoint] : [];
    if (service) ports.push(...portsAt(own, service, answering, plane, self));
  }
  const services = new Map<string, PlaneService>();
  for (const service of plane.services.values()) {
    if (!service.virtualIps.some(isNamed) && !service.names.some(isNamed)) continue;
    const virtualIps = service.virtualIps.filter(isNamed);
    services.set(service.id, service);
    if (virtualIps.length === 0) continue;
    const own = address(serviceKey(service.id));
    services.set(service.id, {
      ...service,
      virtualIps: virtualIps.map(each => ({ ...each, address: `${own}/8` })),
    });
    ports.push(...portsAt(own, service, answeringFor(service, plane, self, leaving), plane, self));
  }
  const user = address(userKey);
  if (networks.size > 0) resolvers.unshift(user);
  endpoints.set("", userOf(user, networks));
  return { plane: { ...plane, networks, endpoints, services }, ports, resolvers, keys };
}

/** Without their subnets: whose network an address is on is told by whose it is. */
function namedNetworks({ networks }: Plane): Map<string, PlaneNetwork> {
  const named = [...networks.values()].filter(({ ingress }) => !ingress);
  return new Map(named.map(network => [network.id, { ...network, subnets: [] }]));
}

/** Stands for whoever works on the machine: on all networks, and without a name. */
function userOf(address: string, networks: ReadonlyMap<string, PlaneNetwork>): PlaneEndpoint {
  const attachments = Array.from(networks.keys(), networkId => ({ networkId, addresses: [`${address}/8`] }));
  return create(PlaneEndpointSchema, { attachments });
}

function answeringFor(
  service: PlaneService,
  plane: Plane,
  self: MeshNode,
  leaving: ReadonlySet<string>,
): PlaneEndpoint[] {
  return [...plane.endpoints.values()].filter(
    ({ serviceId, taskId, nodeId, ready }) =>
      serviceId === service.id && ready && !leaving.has(taskId) && (!service.localOnly || nodeId === self.nodeId),
  );
}

function portsAt(
  address: string,
  service: PlaneService,
  answering: readonly PlaneEndpoint[],
  plane: Plane,
  self: NamesNode,
): MeshPort[] {
  const found = new Map<string, MeshPort>();
  const serve = (port: number, from: PlaneService["ports"][number]): void => {
    const protocol = protocols.get(from.protocol);
    if (!protocol || port < Math.max(1, self.lowestPort) || found.has(`${protocol} ${port}`)) return;
    const backends = answering.flatMap(endpoint => backendOf(endpoint, from, plane, self));
    found.set(`${protocol} ${port}`, { place: { protocol, address, port }, backends });
  };
  for (const port of service.ports) serve(port.targetPort, port);
  // A node that publishes on all addresses does so on this one too.
  if (self.address !== "") for (const port of service.ports) serve(port.publishedPort, port);
  return [...found.values()];
}
