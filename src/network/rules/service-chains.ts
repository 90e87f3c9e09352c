import { Derived } from "../../lib/derived.ts";
import { type PortConfig, PortConfig_Protocol as Protocol } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { PlaneEndpoint, PlaneService } from "../../wire/gen/shoal/v1/network_pb.ts";
import { bareAddress, type Family, families, familyOf } from "../addresses.ts";
import { addressesOn } from "../backends.ts";
import type { Chain } from "./ruleset.ts";
import type { Scene } from "./scene.ts";

const ipWord = { 4: "ip", 6: "ip6" } as const;

const protocolNames: Readonly<Record<Protocol, string>> = {
  [Protocol.TCP]: "tcp",
  [Protocol.UDP]: "udp",
  [Protocol.SCTP]: "sctp",
};

/** What the services add to the table: their chains, what leads to them, and ports that nobody answers. */
export interface ServiceRules {
  readonly chains: Map<string, Chain>;
  /** Elements "10.0.1.2 : goto vip_…". */
  readonly virtual: Readonly<Record<Family, string[]>>;
  /** Elements "tcp . 8080 : goto port_tcp_8080". */
  readonly ports: string[];
  /** Elements "tcp . 8080". */
  readonly idlePorts: string[];
}

/** A chain of a service's that leads to its tasks, and what leads there. */
interface Balancer {
  readonly name: string;
  readonly chain: Chain;
  /** An address of this IP version, or a port. */
  readonly by: Family | "port";
  /** "10.0.1.2", "tcp . 8080". */
  readonly key: string;
  /** Nobody would answer. */
  readonly isIdle: boolean;
}

/** A change is of one service most of the time, on a node that has a thousand. */
const derived = new Derived<PlaneService, readonly Balancer[]>();

export function serviceRules(scene: Scene): ServiceRules {
  const rules: ServiceRules = { chains: new Map(), virtual: { 4: [], 6: [] }, ports: [], idlePorts: [] };
  for (const service of scene.services) {
    const tasks = scene.backends.of(service.id);
    const inputs = [scene.networks, scene.self, ...tasks];
    for (const balancer of derived.of(service, inputs, () => balancersOf(service, tasks, scene))) add(rules, balancer);
  }
  return rules;
}

function add(rules: ServiceRules, { name, chain, by, key, isIdle }: Balancer): void {
  if (rules.chains.has(name)) return; // The managers let no two services have one port.
  rules.chains.set(name, chain);
  const map = by === "port" ? rules.ports : rules.virtual[by];
  map.push(`${key} : goto ${name}`);
  if (isIdle) rules.idlePorts.push(key);
}

/** Depends on the service, its tasks, and the scene's networks and self alone. */
function balancersOf(service: PlaneService, tasks: readonly PlaneEndpoint[], scene: Scene): Balancer[] {
  return [
    ...service.virtualIps.flatMap(vip => virtualBalancer(service, tasks, vip, scene)),
    ...service.ports.flatMap(port => portBalancer(service, tasks, port, scene)),
  ];
}

/** One chain for each virtual address: each ready task in turn. */
function virtualBalancer(
  service: PlaneService,
  tasks: readonly PlaneEndpoint[],
  { networkId, address }: PlaneService["virtualIps"][number],
  { networks, restrictionOf }: Scene,
): Balancer[] {
  const local = networks.get(networkId);
  const family = familyOf(address);
  if (!local || local.network.ingress || family === undefined) return [];
  const to = addressesOn(tasks, networkId, family);
  // Without a task nothing leads away from the address: the input chain says no to what arrives.
  if (to.length === 0) return [];
  const guard = restrictionOf(service)?.skipRule(family);
  const balance = `dnat ${ipWord[family]} to ${inTurn(to)}`;
  const rules = guard === undefined ? [balance] : [guard, balance];
  const name = `vip${family}_${service.id}_${networkId}`;
  return [{ name, chain: { rules }, by: family, key: bareAddress(address), isIdle: false }];
}

/** One chain for each published port, for both IP versions. */
function portBalancer(
  { localOnly, publishAddresses }: PlaneService,
  tasks: readonly PlaneEndpoint[],
  port: PortConfig,
  { ingress, self }: Scene,
): Balancer[] {
  const protocol = protocolNames[port.protocol];
  if (port.publishedPort === 0 || !ingress) return [];
  const answering = localOnly ? tasks.filter(task => task.nodeId === self.nodeId) : tasks;
  const balance = families.flatMap(family => {
    const to = addressesOn(answering, ingress.network.id, family);
    if (to.length === 0) return [];
    const targets = to.map(address => `${address} . ${port.targetPort}`);
    return [`meta l4proto ${protocol} dnat ${ipWord[family]} to ${inTurn(targets)}`];
  });
  return [
    {
      name: `port_${protocol}_${port.publishedPort}`,
      chain: { rules: [...onlyOn(publishAddresses), ...balance] },
      by: "port",
      key: `${protocol} . ${port.publishedPort}`,
      isIdle: balance.length === 0 && publishAddresses.length === 0,
    },
  ];
}

/** Ports that are published on some addresses of the node only are as if unpublished on the others. */
function onlyOn(addresses: readonly string[]): string[] {
  if (addresses.length === 0) return [];
  return families.map(family => {
    const own = addresses.map(bareAddress).filter(address => familyOf(address) === family);
    if (own.length > 0) return `${ipWord[family]} daddr != { ${own.join(", ")} } return`;
    return `meta nfproto ${family === 4 ? "ipv4" : "ipv6"} return`;
  });
}

/** One after the other, so that each gets as many connections as the others. */
function inTurn(targets: readonly string[]): string {
  const map = targets.map((target, at) => `${at} : ${target}`).join(", ");
  return `numgen inc mod ${targets.length} map { ${map} }`;
}
