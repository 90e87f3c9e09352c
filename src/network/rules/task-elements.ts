import { Derived } from "../../lib/derived.ts";
import type { PlaneEndpoint, PlaneNode } from "../../wire/gen/shoal/v1/network_pb.ts";
import { allAddresses, type Family, familyOf, placeOn } from "../addresses.ts";
import type { Plane } from "../plane-state.ts";
import type { Scene } from "./scene.ts";

/** What tasks add to the table's sets, of one IP version. */
export interface TaskElements {
  /**
   * Who would take the reply for one to itself, so that it never came back here: a task of this node's that is its own answer, and a
   * node that calls a published port on this one and is answered by a task of its own. Such connections get this node's
   * address. Pairs of the caller's and the task's address.
   */
  readonly homeward: readonly string[];
  /** Where this node's own tasks answer published ports: their replies pass this node in any case. */
  readonly here: readonly string[];
}

type PerFamily = Readonly<Record<Family, TaskElements>>;

const ofEach = new Derived<PlaneEndpoint, PerFamily>();
const ofAll = new Derived<Plane["endpoints"], PerFamily>();

/** Of all tasks together. */
export function taskElements(scene: Scene): PerFamily {
  const { plane, networks, self } = scene;
  return ofAll.of(plane.endpoints, [plane.nodes, networks, self], () => allElements(scene));
}

function allElements(scene: Scene): PerFamily {
  const { plane, networks, self } = scene;
  const each = Array.from(plane.endpoints.values(), endpoint => {
    const node = plane.nodes.get(endpoint.nodeId);
    return ofEach.of(endpoint, [node, networks, self], () => elementsOf(endpoint, node, scene));
  });
  const together = (family: Family): TaskElements => ({
    homeward: each.flatMap(elements => elements[family].homeward),
    here: each.flatMap(elements => elements[family].here),
  });
  return { 4: together(4), 6: together(6) };
}

/** Depends on the task, its node (undefined for this one), and the scene's networks and self alone. */
function elementsOf(endpoint: PlaneEndpoint, node: PlaneNode | undefined, { ingress, self }: Scene): PerFamily {
  const all = allAddresses(endpoint.attachments);
  const published = ingress ? placeOn(endpoint.attachments, ingress.network.id).addresses : [];
  const isHere = endpoint.nodeId === self.nodeId;
  const callers = isHere ? all : node ? [...new Set([node.dataAddress, ...node.addresses])] : [];
  const answering = isHere ? all : published;
  const of = (family: Family): TaskElements => {
    const ofFamily = (address: string): boolean => familyOf(address) === family;
    const to = answering.filter(ofFamily);
    return {
      homeward: callers.filter(ofFamily).flatMap(caller => to.map(address => `${caller} . ${address}`)),
      here: isHere && self.filtersBridges ? published.filter(ofFamily) : [],
    };
  };
  return { 4: of(4), 6: of(6) };
}
