import { type PortConfig, PortConfig_Protocol as Protocol } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { PlaneService } from "../../wire/gen/shoal/v1/network_pb.ts";
import { bareAddress, type Family, families, familyOf } from "../addresses.ts";
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

export function serviceRules(scene: Scene): ServiceRules {
  const rules: ServiceRules = { chains: new Map(), virtual: { 4: [], 6: [] }, ports: [], idlePorts: [] };
  for (const service of scene.services) {
    addVirtual(rules, service, scene);
    for (const port of service.ports) addPort(rules, service, port, scene);
  }
  return rules;
}

/** One chain for each virtual address: each ready task in turn. */
function addVirtual(rules: ServiceRules, service: PlaneService, { networks, backends, restrictionOf }: Scene): void {
  for (const { networkId, address } of service.virtualIps) {
    const local = networks.get(networkId);
    const family = familyOf(address);
    if (!local || local.network.ingress || family === undefined) continue;
    const to = backends.on(service.id, networkId, family);
    // Without a task nothing leads away from the address: the input chain says no to what arrives.
    if (to.length === 0) continue;
    const name = `vip${family}_${service.id}_${networkId}`;
    const guard = restrictionOf(service)?.skipRule(family);
    const balance = `dnat ${ipWord[family]} to ${inTurn(to)}`;
    rules.chains.set(name, { rules: guard === undefined ? [balance] : [guard, balance] });
    rules.virtual[family].push(`${bareAddress(address)} : goto ${name}`);
  }
}

/** One chain for each published port, for both IP versions. */
function addPort(rules: ServiceRules, service: PlaneService, port: PortConfig, scene: Scene): void {
  const { ingress, backends, self } = scene;
  const protocol = protocolNames[port.protocol];
  if (port.publishedPort === 0 || !ingress) return;
  const key = `${protocol} . ${port.publishedPort}`;
  const name = `port_${protocol}_${port.publishedPort}`;
  if (rules.chains.has(name)) return; // The managers let no two services have one port.
  const balance = families.flatMap(family => {
    const to = backends.published(service, ingress.network.id, family, self);
    if (to.length === 0) return [];
    const targets = to.map(address => `${address} . ${port.targetPort}`);
    return [`meta l4proto ${protocol} dnat ${ipWord[family]} to ${inTurn(targets)}`];
  });
  if (balance.length === 0 && service.publishAddresses.length === 0) rules.idlePorts.push(key);
  rules.chains.set(name, { rules: [...onlyOn(service.publishAddresses), ...balance] });
  rules.ports.push(`${key} : goto ${name}`);
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
