import { allAddresses, type Family, families, familyOf, placeOn } from "../addresses.ts";
import type { LocalNetwork } from "../local-networks.ts";
import { bridgePrefix, tableName } from "../names.ts";
import type { Plane } from "../plane-state.ts";
import { sendersOn } from "../return-paths.ts";
import type { Self } from "../self.ts";
import { baseChains } from "./base-chains.ts";
import type { Chain, NamedSet, Ruleset } from "./ruleset.ts";
import { type Scene, sceneOf } from "./scene.ts";
import { type ServiceRules, serviceRules } from "./service-chains.ts";

/**
 * The node's whole table in nftables. `leaving`: tasks that get nothing new any more, because they are about to be stopped; `astray`:
 * addresses whose questions for names are led to this node.
 */
export function rulesOf(
  plane: Plane,
  networks: readonly LocalNetwork[],
  self: Self,
  leaving: ReadonlySet<string>,
  astray: readonly string[] = [],
): Ruleset {
  const scene = sceneOf(plane, networks, self, leaving);
  const services = serviceRules(scene);
  const restricted = scene.services.flatMap(service => scene.restrictionOf(service) ?? []);
  const chains = new Map<string, Chain>([
    ...services.chains,
    ["restricted", { rules: restricted.flatMap(restriction => restriction.rejectRules()) }],
    ...baseChains(`${bridgePrefix(self.nodeId)}*`, scene.ingress?.bridge),
  ]);
  const late: NamedSet = { kind: "set", type: "ipv4_addr", elements: astray.filter(each => familyOf(each) === 4) };
  const sets = new Map([
    ...baseSets(scene, services),
    ["astray4", late],
    ...restricted.flatMap(restriction => restriction.sets()),
  ]);
  return { table: tableName(self.nodeId), chains, sets };
}

function baseSets(scene: Scene, services: ServiceRules): [string, NamedSet][] {
  const networks = [...scene.networks.values()];
  const subnets = networks.flatMap(({ network }) => network.subnets.map(({ cidr }) => cidr));
  const gateways = networks.flatMap(local => local.gateways);
  const perFamily = families.flatMap((family): [string, NamedSet][] => {
    const type = family === 4 ? "ipv4_addr" : "ipv6_addr";
    const mine = (all: readonly string[]): string[] => all.filter(address => familyOf(address) === family);
    return [
      [`virtual${family}`, { kind: "map", type: `${type} : verdict`, elements: services.virtual[family] }],
      [`inside${family}`, { kind: "set", type, isInterval: true, elements: mine(subnets) }],
      [`own${family}`, { kind: "set", type, elements: mine(gateways) }],
      [`homeward${family}`, { kind: "set", type: `${type} . ${type}`, elements: homeward(scene, family) }],
      [
        `neighbours${family}`,
        { kind: "set", type: `${type} . ${type}`, isInterval: true, elements: neighbours(scene, family) },
      ],
      [`here${family}`, { kind: "set", type, elements: here(scene, family) }],
    ];
  });
  const port = "inet_proto . inet_service";
  return [
    ...perFamily,
    ["ports", { kind: "map", type: `${port} : verdict`, elements: services.ports }],
    ["idle_ports", { kind: "set", type: port, elements: services.idlePorts }],
    ["senders", { kind: "map", type: "ether_addr : mark", elements: senders(scene) }],
    ["same_bridge", { kind: "set", type: "ifname . ifname", elements: networks.map(twice) }],
    ["closed", { kind: "set", type: "ifname", elements: networks.filter(isClosed).map(({ bridge }) => `"${bridge}"`) }],
  ];
}

/**
 * Who would take the reply for one to itself, so that it never came back here: a task of this node's that is its own answer, and a
 * node that calls a published port on this one and is answered by a task of its own. Such connections get this node's
 * address. Pairs of the caller's and the task's address.
 */
function homeward({ plane, ingress, self }: Scene, family: Family): string[] {
  return [...plane.endpoints.values()].flatMap(({ nodeId, attachments }) => {
    const ofFamily = (address: string): boolean => familyOf(address) === family;
    const own = allAddresses(attachments).filter(ofFamily);
    if (nodeId === self.nodeId) return own.flatMap(from => own.map(to => `${from} . ${to}`));
    const node = plane.nodes.get(nodeId);
    if (!ingress || !node) return [];
    const callers = [...new Set([node.dataAddress, ...node.addresses])].filter(ofFamily);
    const published = placeOn(attachments, ingress.network.id).addresses.filter(ofFamily);
    return published.flatMap(to => callers.map(from => `${from} . ${to}`));
  });
}

/** Pairs of subnets between which calls to virtual addresses keep the caller's: those of one network. */
function neighbours({ networks, self }: Scene, family: Family): string[] {
  if (!self.filtersBridges) return [];
  return [...networks.values()].flatMap(({ network }) => {
    const subnets = network.ingress ? [] : network.subnets.filter(({ cidr }) => familyOf(cidr) === family);
    return subnets.flatMap(from => subnets.map(to => `${from.cidr} . ${to.cidr}`));
  });
}

/** Where this node's own tasks answer published ports: their replies pass this node in any case. */
function here({ plane, ingress, self }: Scene, family: Family): string[] {
  if (!ingress || !self.filtersBridges) return [];
  const own = [...plane.endpoints.values()].filter(({ nodeId }) => nodeId === self.nodeId);
  const published = own.flatMap(({ attachments }) => placeOn(attachments, ingress.network.id).addresses);
  return published.filter(address => familyOf(address) === family);
}

function senders({ plane, ingress }: Scene): string[] {
  if (!ingress) return [];
  return sendersOn(ingress.network, plane.nodes.values()).map(({ mac, mark }) => `${mac} : 0x${mark.toString(16)}`);
}

function twice({ bridge }: LocalNetwork): string {
  return `"${bridge}" . "${bridge}"`;
}

function isClosed({ network }: LocalNetwork): boolean {
  return network.internal;
}
