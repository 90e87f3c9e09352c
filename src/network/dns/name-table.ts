import { contains, type IpNetwork, parseCidr, parseIp } from "../../lib/ip.ts";
import { placeOf } from "../addresses.ts";
import type { Plane } from "../plane-state.ts";

/** Lower-case name → addresses, on one network. */
type Names = Map<string, readonly string[]>;

interface NetworkNames {
  readonly id: string;
  readonly name: string;
  readonly subnets: readonly IpNetwork[];
  readonly names: Names;
  /** Address → name. */
  readonly reverse: Map<string, string>;
}

/** What names mean on this node's networks: services' to all who share a network with them, and only ready tasks'. */
export class NameTable {
  readonly #networks = new Map<string, NetworkNames>();
  /** A container's address → the networks that it is on. */
  readonly #askers = new Map<string, readonly string[]>();

  /** `leaving`: tasks that are about to be stopped. `callers`: other addresses of containers that are on the networks given. */
  constructor(plane: Plane, leaving: ReadonlySet<string>, callers: ReadonlyMap<string, readonly string[]> = new Map()) {
    for (const [address, networkIds] of callers) this.#askers.set(address, networkIds);
    for (const { id, name, subnets, ingress } of plane.networks.values()) {
      if (ingress) continue;
      const parsed = subnets.flatMap(({ cidr }) => parseCidr(cidr) ?? []);
      this.#networks.set(id, { id, name: name.toLowerCase(), subnets: parsed, names: new Map(), reverse: new Map() });
    }
    this.#addEndpoints(plane, leaving);
    this.#addServices(plane);
  }

  /** The networks that whoever asks from `address` is on. */
  networksOf(address: string): readonly string[] {
    const known = this.#askers.get(address);
    if (known) return known;
    const ip = parseIp(address);
    const on = [...this.#networks.values()].filter(({ subnets }) => ip && subnets.some(subnet => contains(subnet, ip)));
    return on.map(({ id }) => id);
  }

  /** The addresses behind a name; undefined for a name that is none of the swarm's, empty while nobody answers to it. */
  find(name: string, networkIds: readonly string[]): readonly string[] | undefined {
    const wanted = name.toLowerCase().replace(/\.$/, "");
    for (const network of this.#in(networkIds)) {
      const ending = `.${network.name}`;
      const bare = wanted.endsWith(ending) ? wanted.slice(0, -ending.length) : undefined;
      const found = network.names.get(wanted) ?? (bare === undefined ? undefined : network.names.get(bare));
      if (found) return found;
    }
    return undefined;
  }

  /** Whose address it is, with the network's name behind; "" for nobody's on these networks; undefined outside of them. */
  nameOf(address: string, networkIds: readonly string[]): string | undefined {
    const ip = parseIp(address);
    const network = this.#in(networkIds).find(({ subnets }) => ip && subnets.some(subnet => contains(subnet, ip)));
    if (!network) return undefined;
    const name = network.reverse.get(address);
    return name === undefined ? "" : `${name}.${network.name}`;
  }

  #in(networkIds: readonly string[]): NetworkNames[] {
    return networkIds.flatMap(id => this.#networks.get(id) ?? []);
  }

  #addEndpoints({ endpoints, services }: Plane, leaving: ReadonlySet<string>): void {
    const sorted = [...endpoints.values()].sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
    for (const { taskId, serviceId, name, hostname, slot, ready, attachments } of sorted) {
      const service = services.get(serviceId)?.name;
      const ids = attachments.map(({ networkId }) => networkId).filter(id => this.#networks.has(id));
      const answers = ready && !leaving.has(taskId);
      for (const { networkId, addresses, aliases } of attachments) {
        const network = this.#networks.get(networkId);
        if (!network) continue;
        const own = placeOf(addresses).addresses;
        for (const address of own) {
          this.#askers.set(address, ids);
          network.reverse.set(address, name);
        }
        const slotName = service !== undefined && slot > 0n ? [`${service}.${slot}`] : [];
        // A service's aliases stand for the service.
        const names = [name, hostname, ...slotName, ...(service === undefined ? aliases : [])];
        if (service !== undefined) names.push(`tasks.${service}`);
        for (const each of new Set(names)) add(network.names, each, answers ? own : []);
      }
    }
  }

  #addServices({ services }: Plane): void {
    for (const service of services.values())
      for (const network of this.#networks.values()) {
        const vips = service.virtualIps.filter(({ networkId }) => networkId === network.id).map(vip => vip.address);
        const { addresses } = placeOf(vips);
        for (const address of addresses) network.reverse.set(address, service.name);
        const tasks = network.names.get(`tasks.${service.name.toLowerCase()}`);
        const isHere = addresses.length > 0 || tasks !== undefined;
        if (!isHere && !service.names.some(({ networkId }) => networkId === network.id)) continue;
        const aliases = service.names.filter(({ networkId }) => networkId === network.id).flatMap(each => each.aliases);
        const meaning = addresses.length > 0 ? addresses : (tasks ?? []);
        for (const name of [service.name, ...aliases]) network.names.set(name.toLowerCase(), meaning);
        if (!tasks) network.names.set(`tasks.${service.name.toLowerCase()}`, []);
      }
  }
}

function add(names: Names, name: string, addresses: readonly string[]): void {
  if (name === "") return;
  const key = name.toLowerCase();
  names.set(key, [...(names.get(key) ?? []), ...addresses]);
}
