import { Derived } from "../../lib/derived.ts";
import type { PlaneService } from "../../wire/gen/shoal/v1/network_pb.ts";
import { Backends } from "../backends.ts";
import type { LocalNetwork } from "../local-networks.ts";
import type { Plane } from "../plane-state.ts";
import type { Self } from "../self.ts";
import { type Restriction, restrictions } from "./restrictions.ts";

/** What the rules are made from, looked up once. What has not changed since the last scene is the same object as in that. */
export interface Scene {
  readonly plane: Plane;
  readonly self: Self;
  readonly networks: ReadonlyMap<string, LocalNetwork>;
  readonly ingress: LocalNetwork | undefined;
  readonly services: readonly PlaneService[];
  readonly backends: Backends;
  /** Who may reach the service; undefined when all may. */
  restrictionOf(service: PlaneService): Restriction | undefined;
}

const networksById = new Derived<readonly LocalNetwork[], ReadonlyMap<string, LocalNetwork>>();
const servicesInOrder = new Derived<Plane["services"], readonly PlaneService[]>();

export function sceneOf(
  plane: Plane,
  networks: readonly LocalNetwork[],
  self: Self,
  leaving: ReadonlySet<string>,
): Scene {
  const restricted = restrictions(plane, networks);
  return {
    plane,
    self,
    networks: networksById.of(networks, [], () => new Map(networks.map(local => [local.network.id, local]))),
    ingress: networks.find(({ network }) => network.ingress),
    services: servicesInOrder.of(plane.services, [], () =>
      [...plane.services.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    ),
    backends: new Backends(plane, leaving),
    restrictionOf: service => restricted.get(service.id),
  };
}
