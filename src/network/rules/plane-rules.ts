import { type Family, families, familyOf } from "../addresses.ts";
import type { LocalNetwork } from "../local-networks.ts";
import { bridgePrefix, tableName } from "../names.ts";
import type { Plane } from "../plane-state.ts";
import { sendersOn } from "../return-paths.ts";
import type { Self } from "../self.ts";
import { baseChains } from "./base-chains.ts";
import type { Chain, NamedSet, Ruleset } from "./ruleset.ts";
import { type Scene, sceneOf } from "./scene.ts";
import { type ServiceRules, serviceRules } from "./service-chains.ts";
import { taskElements } from "./task-elements.ts";

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
  const tasks = taskElements(scene);
  const perFamily = families.flatMap((family): [string, NamedSet][] => {
    const type = family === 4 ? "ipv4_addr" : "ipv6_addr";
    const mine = (all: readonly string[]): string[] => all.filter(address => familyOf(address) === family);
    return [
      [`virtual${family}`, { kind: "map", type: `${type} : verdict`, elements: services.virtual[family] }],
      [`inside${family}`, { kind: "set", type, isInterval: true, elements: mine(subnets) }],
      [`own${family}`, { kind: "set", type, elements: mine(gateways) }],
      [`homeward${family}`, { kind: "set", type: `${type} . ${type}`, elements: tasks[family].homeward }],
      [
        `neighbours${family}`,
        { kind: "set", type: `${type} . ${type}`, isInterval: true, elements: neighbours(scene, family) },
      ],
      [`here${family}`, { kind: "set", type, elements: tasks[family].here }],
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

/** Pairs of subnets between which calls to virtual addresses keep the caller's: those of one network. */
function neighbours({ networks, self }: Scene, family: Family): string[] {
  if (!self.filtersBridges) return [];
  return [...networks.values()].flatMap(({ network }) => {
    const subnets = network.ingress ? [] : network.subnets.filter(({ cidr }) => familyOf(cidr) === family);
    return subnets.flatMap(from => subnets.map(to => `${from.cidr} . ${to.cidr}`));
  });
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
