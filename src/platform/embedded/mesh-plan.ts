import type { Plane } from "../../network/plane-state.ts";
import { type PortConfig, PortConfig_Protocol as Protocol } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { PlaneEndpoint, PlaneService } from "../../wire/gen/shoal/v1/network_pb.ts";
import { type Backend, taskAddress } from "./forwarder.ts";
import type { Place } from "./listening.ts";

/** A port that this node is to serve for a service, and where the service's ready tasks have it. */
export interface MeshPort {
  readonly place: Place;
  readonly backends: readonly Backend[];
}

export interface MeshNode {
  readonly nodeId: string;
  /** Where this node publishes. */
  readonly address: string;
}

/** What forwarders carry, by what a port is published for. */
export const protocols: ReadonlyMap<Protocol, Place["protocol"]> = new Map([
  [Protocol.TCP, "tcp"],
  [Protocol.UDP, "udp"],
]);

/** What the routing mesh asks of this node. `leaving`: tasks about to be stopped, before the managers say so. */
export function meshPlan(plane: Plane, self: MeshNode, leaving: ReadonlySet<string>): MeshPort[] {
  const planned: MeshPort[] = [];
  const endpoints = byService(plane, leaving);
  for (const service of plane.services.values()) {
    const answering = (endpoints.get(service.id) ?? []).filter(
      ({ nodeId }) => !service.localOnly || nodeId === self.nodeId,
    );
    for (const port of service.ports) {
      const protocol = protocols.get(port.protocol);
      if (!protocol || port.publishedPort === 0) continue;
      const backends = answering.flatMap(endpoint => backendOf(endpoint, port, plane, self));
      for (const address of addressesFor(service, self))
        planned.push({ place: { protocol, address, port: port.publishedPort }, backends });
    }
  }
  return planned;
}

function byService(plane: Plane, leaving: ReadonlySet<string>): Map<string, PlaneEndpoint[]> {
  const found = new Map<string, PlaneEndpoint[]>();
  for (const endpoint of plane.endpoints.values()) {
    if (!endpoint.ready || leaving.has(endpoint.taskId)) continue;
    found.set(endpoint.serviceId, [...(found.get(endpoint.serviceId) ?? []), endpoint]);
  }
  return found;
}

function addressesFor({ publishAddresses }: PlaneService, { address }: MeshNode): readonly string[] {
  return publishAddresses.length > 0 ? publishAddresses : [address || "0.0.0.0"];
}

/** Where the task's own node has the port for it; nothing for a task of a runtime that gives tasks addresses instead. */
export function backendOf(endpoint: PlaneEndpoint, wanted: PortConfig, plane: Plane, self: MeshNode): Backend[] {
  const { targetPort, protocol } = wanted;
  const port = endpoint.reachable.find(each => each.targetPort === targetPort && each.protocol === protocol);
  const host =
    endpoint.nodeId === self.nodeId ? self.address || taskAddress : plane.nodes.get(endpoint.nodeId)?.dataAddress;
  return port && host ? [{ host, port: port.publishedPort }] : [];
}
