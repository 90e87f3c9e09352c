import type { ListeningSocket } from "../ports/net-probes.ts";
import { type PortConfig, PortConfig_Protocol as Protocol } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { PlaneService } from "../wire/gen/shoal/v1/network_pb.ts";
import { bareAddress, familyOf } from "./addresses.ts";
import type { Plane } from "./plane-state.ts";

/** A port of the mesh's that something else on this machine listens on, too. */
export interface PortConflict {
  readonly protocol: Protocol;
  readonly port: number;
  readonly serviceId: string;
  /** Those that are listened on; "*" for all. */
  readonly addresses: readonly string[];
  /** "nginx (process 312)"; "" when it cannot be told. */
  readonly program: string;
}

const protocolNames = { [Protocol.TCP]: "tcp", [Protocol.UDP]: "udp", [Protocol.SCTP]: "sctp" } as const;

/** "8080/tcp". */
export function portName({ protocol, port }: Pick<PortConflict, "protocol" | "port">): string {
  return `${port}/${protocolNames[protocol]}`;
}

/** The numbers of all ports that services publish on every node. */
export function publishedPorts({ services }: Plane): Set<number> {
  return new Set([...services.values()].flatMap(({ ports }) => ports.map(port => port.publishedPort)));
}

/**
 * Where the mesh takes calls away from somebody: rules come before sockets, so that what listens on a port that a service
 * publishes gets no new call on the addresses that it is published on. In order of ports.
 */
export function portsInUse(plane: Plane, sockets: readonly ListeningSocket[]): PortConflict[] {
  const hasIpv6 = [...plane.networks.values()].some(
    ({ ingress, subnets }) => ingress && subnets.some(({ gateway }) => familyOf(gateway) === 6),
  );
  const conflicts = [...plane.services.values()].flatMap(service =>
    service.ports.flatMap(port => {
      const taken = sockets.filter(socket => isSame(socket, port) && isPublishedOn(socket.address, service, hasIpv6));
      return taken.length === 0 ? [] : [conflictOf(service, port, taken)];
    }),
  );
  return conflicts.sort((a, b) => a.port - b.port || a.protocol - b.protocol);
}

function isSame({ protocol, port }: ListeningSocket, published: PortConfig): boolean {
  return port === published.publishedPort && protocol === protocolNames[published.protocol];
}

/** Whether a socket on this address loses calls: with IPv6 only where the mesh has that, and where the node's label lets it. */
function isPublishedOn(address: string, { publishAddresses }: PlaneService, hasIpv6: boolean): boolean {
  if (familyOf(address) === 6 && (!hasIpv6 || address === "::1")) return false;
  if (publishAddresses.length === 0 || address === "*") return true;
  const published = publishAddresses.map(bareAddress);
  if (address === "0.0.0.0" || address === "::") return published.some(each => familyOf(each) === familyOf(address));
  return published.includes(address);
}

function conflictOf(service: PlaneService, port: PortConfig, sockets: readonly ListeningSocket[]): PortConflict {
  const everywhere = sockets.some(({ address }) => ["*", "0.0.0.0", "::"].includes(address));
  const programs = [...new Set(sockets.map(({ program }) => program).filter(Boolean))];
  return {
    protocol: port.protocol,
    port: port.publishedPort,
    serviceId: service.id,
    addresses: everywhere ? ["*"] : sockets.map(({ address }) => address),
    program: programs.join(", "),
  };
}
