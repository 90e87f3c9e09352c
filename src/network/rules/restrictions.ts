import type { PlaneEndpoint } from "../../wire/gen/shoal/v1/network_pb.ts";
import { allAddresses, type Family, families, familyOf } from "../addresses.ts";
import type { LocalNetwork } from "../local-networks.ts";
import type { Plane } from "../plane-state.ts";
import type { NamedSet } from "./ruleset.ts";

const ipWord = { 4: "ip", 6: "ip6" } as const;
const setType = { 4: "ipv4_addr", 6: "ipv6_addr" } as const;

/** Who may reach a service (label `shoal.allow-from`): enforced where the caller is, and again where the service is. */
export class Restriction {
  readonly #serviceId: string;
  readonly #to: readonly string[];
  readonly #from: readonly string[];

  constructor(serviceId: string, to: readonly string[], from: readonly string[]) {
    this.#serviceId = serviceId;
    this.#to = to;
    this.#from = from;
  }

  sets(): [string, NamedSet][] {
    return families.flatMap(family => [
      [this.#name("to", family), addressSet(this.#to, family)],
      [this.#name("from", family), addressSet(this.#from, family)],
    ]);
  }

  /** Leaves the service's virtual address unanswered for whoever is inside and not let in. */
  skipRule(family: Family): string {
    return `${this.#stranger(family)} return`;
  }

  /** Refuses whoever is inside and not let in. What comes from outside came by a published port, which is for all. */
  rejectRules(): string[] {
    return families.flatMap(family => {
      const match = `${ipWord[family]} daddr @${this.#name("to", family)} ${this.#stranger(family)}`;
      return [`${match} meta l4proto tcp reject with tcp reset`, `${match} reject`];
    });
  }

  #stranger(family: Family): string {
    const word = ipWord[family];
    return `${word} saddr @inside${family} ${word} saddr != @${this.#name("from", family)}`;
  }

  #name(side: "to" | "from", family: Family): string {
    return `${side}${family}_${this.#serviceId}`;
  }
}

/** The restricted services, by id. */
export function restrictions(plane: Plane, networks: readonly LocalNetwork[]): Map<string, Restriction> {
  const restricted = [...plane.services.values()].filter(service => service.restricted);
  if (restricted.length === 0) return new Map();
  const idOf = new Map([...plane.services.values()].map(service => [service.name, service.id]));
  const addresses = addressesByService(plane.endpoints.values());
  // A node passes on what it has let through itself, under its own address.
  const gateways = [
    ...networks.flatMap(local => local.gateways),
    ...[...plane.nodes.values()].flatMap(node => allAddresses(node.attachments)),
  ];
  return new Map(
    restricted.map(({ id, allowFrom }) => {
      const callers = allowFrom.flatMap(name => addresses.get(idOf.get(name) ?? "") ?? []);
      return [id, new Restriction(id, addresses.get(id) ?? [], [...new Set([...gateways, ...callers])])];
    }),
  );
}

function addressesByService(endpoints: Iterable<PlaneEndpoint>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { serviceId, attachments } of endpoints) {
    found.set(serviceId, [...(found.get(serviceId) ?? []), ...allAddresses(attachments)]);
  }
  return found;
}

function addressSet(addresses: readonly string[], family: Family): NamedSet {
  return { kind: "set", type: setType[family], elements: addresses.filter(each => familyOf(each) === family) };
}
