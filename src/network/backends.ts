import { Derived } from "../lib/derived.ts";
import type { PlaneEndpoint } from "../wire/gen/shoal/v1/network_pb.ts";
import { type Family, familyOf, placeOn } from "./addresses.ts";
import type { Plane } from "./plane-state.ts";

type ByService = ReadonlyMap<string, readonly PlaneEndpoint[]>;

const derived = new Derived<Plane["endpoints"], ByService>();

/** The tasks of each service that get new connections, found once for a whole plane. */
export class Backends {
  readonly #byService: ByService;
  readonly #leaving: ReadonlySet<string>;

  /** `leaving`: tasks of this node's that are about to be stopped, before the managers say so. */
  constructor({ endpoints }: Plane, leaving: ReadonlySet<string>) {
    this.#byService = derived.of(endpoints, [], () => byService(endpoints.values()));
    this.#leaving = leaving;
  }

  /** The service's ready tasks, in the order of their ids. */
  of(serviceId: string): readonly PlaneEndpoint[] {
    const all = this.#byService.get(serviceId) ?? [];
    return all.filter(({ ready, taskId }) => ready && !this.#leaving.has(taskId));
  }
}

/** The tasks' addresses on a network. */
export function addressesOn(tasks: readonly PlaneEndpoint[], networkId: string, family: Family): string[] {
  const all = tasks.flatMap(({ attachments }) => placeOn(attachments, networkId).addresses);
  return all.filter(address => familyOf(address) === family);
}

function byService(endpoints: Iterable<PlaneEndpoint>): ByService {
  const found = new Map<string, PlaneEndpoint[]>();
  for (const endpoint of endpoints) {
    const list = found.get(endpoint.serviceId);
    if (list) list.push(endpoint);
    else found.set(endpoint.serviceId, [endpoint]);
  }
  for (const list of found.values()) list.sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
  return found;
}
