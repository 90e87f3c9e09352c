import type { PlaneService } from "../wire/gen/shoal/v1/network_pb.ts";
import { type Family, familyOf, placeOn } from "./addresses.ts";
import type { Plane } from "./plane-state.ts";
import type { Self } from "./self.ts";

/** The ready tasks of each service, found once for a whole plane. */
export class Backends {
  readonly #byService = new Map<
    string,
    { readonly nodeId: string; readonly addresses: (networkId: string) => readonly string[] }[]
  >();

  /** `leaving`: tasks of this node's that are about to be stopped, before the managers say so. */
  constructor(plane: Plane, leaving: ReadonlySet<string>) {
    const endpoints = [...plane.endpoints.values()].sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
    for (const { serviceId, taskId, nodeId, ready, attachments } of endpoints) {
      if (!ready || leaving.has(taskId)) continue;
      const list = this.#byService.get(serviceId) ?? [];
      list.push({ nodeId, addresses: networkId => placeOn(attachments, networkId).addresses });
      this.#byService.set(serviceId, list);
    }
  }

  /** Addresses of the service's ready tasks on a network, in the order of their tasks' ids. */
  on(serviceId: string, networkId: string, family: Family): string[] {
    const tasks = this.#byService.get(serviceId) ?? [];
    return tasks.flatMap(task => task.addresses(networkId)).filter(address => familyOf(address) === family);
  }

  /** Those that answer the service's published ports on this node. */
  published(service: PlaneService, ingressId: string, family: Family, self: Self): string[] {
    const tasks = this.#byService.get(service.id) ?? [];
    const answering = service.localOnly ? tasks.filter(task => task.nodeId === self.nodeId) : tasks;
    return answering.flatMap(task => task.addresses(ingressId)).filter(address => familyOf(address) === family);
  }
}
