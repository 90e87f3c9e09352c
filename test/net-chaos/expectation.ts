import type { Network, Node, Task } from "../../src/wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  PortConfig_Protocol as Protocol,
  PortConfig_PublishMode as PublishMode,
} from "../../src/wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { HostView } from "./host-view.ts";
import { addressOn, gatewayOn, hasPlace, isReady, nameOf, type SwarmState } from "./swarm-state.ts";

/** Where names are answered on every network but the ingress network. */
const resolver = "169.254.53.53/32";

/** Node id → the address of its host. */
export type Underlay = ReadonlyMap<string, string>;

/** How what a node's kernel has differs from what the managers' state says, in words; found without the code under test. */
export function differences(state: SwarmState, node: Node, underlay: Underlay, view: HostView): string[] {
  const here = state.networks.filter(network => gatewayOn(node, network.id) !== undefined);
  const found = here.flatMap(network => networkDifferences(state, node, network, underlay, view));
  if (view.vxlans.size !== here.length)
    found.push(`${[...view.vxlans.values()].map(({ name }) => name)} instead of networks ${here.map(nameOf)}`);
  return [...found, ...virtualDifferences(state, here, view), ...portDifferences(state, here, view)];
}

function networkDifferences(
  state: SwarmState,
  node: Node,
  network: Network,
  underlay: Underlay,
  view: HostView,
): string[] {
  const gateway = gatewayOn(node, network.id) ?? "";
  const [bridge, addresses] = [...view.addresses].find(([, all]) => all.includes(gateway)) ?? [];
  if (bridge === undefined || !addresses) return [`no bridge has ${gateway} of ${nameOf(network)}`];
  const vxlan = view.vxlans.get(bridge);
  if (!vxlan?.isUp || vxlan.id !== vxlanIdOf(network)) return [`${bridge} has no VXLAN device of ${nameOf(network)}`];
  const places = otherPlaces(state, node, network, underlay);
  const isMesh = network.spec?.ingress ?? false;
  const asked = isMesh ? places.nodes : [...places.nodes, ...places.tasks];
  const entered = isMesh ? [...places.nodes, ...places.tasks.filter(({ seen }) => seen)] : asked;
  const hops = [
    ...places.nodes,
    ...places.tasks.map(place => ({ ...place, mac: place.seen ? place.mac : place.nodeMac })),
  ];
  return [
    ...unequal(
      `addresses of ${bridge}`,
      [gateway, ...(isMesh ? [] : [resolver, ...virtualOn(state, network)])],
      addresses,
    ),
    ...unequal(
      `entries of ${vxlan.name}`,
      unique(entered, ({ mac, to }) => `${mac} ${to}`),
      view.forwarding.get(vxlan.name),
    ),
    ...unequal(
      `what ${bridge} knows to be behind ${vxlan.name}`,
      unique(entered, ({ mac }) => mac),
      view.bridged.get(vxlan.name),
    ),
    ...unequal(`ports without a way for a task to itself on ${bridge}`, [], view.straightPorts.get(bridge)),
    ...unequal(
      `neighbours on ${vxlan.name}`,
      unique(asked, ({ address, mac }) => `${address} ${mac}`),
      view.neighbours.get(vxlan.name),
    ),
    ...unequal(
      `neighbours on ${bridge}`,
      isMesh ? unique(hops, ({ address, mac }) => `${address} ${mac}`) : [],
      view.neighbours.get(bridge),
    ),
    ...(isMesh ? returnDifferences(places.nodes, view) : []),
  ];
}

/** Each other node is one that connections may come in by. */
function returnDifferences(nodes: readonly PlaceElsewhere[], { returns }: HostView): string[] {
  const gateways = unique(nodes, ({ address }) => address);
  if (returns.rules !== gateways.length)
    return [`${returns.rules} rules of routing lead back to ${gateways.length} nodes`];
  return unequal("ways back", gateways, [...returns.gateways].sort());
}

interface PlaceElsewhere {
  readonly address: string;
  readonly mac: string;
  readonly nodeMac: string;
  /** Its node's rules see what bridges pass on. */
  readonly seen: boolean;
  readonly to: string;
}

/** Bridges and containers of other nodes on the network. */
function otherPlaces(
  state: SwarmState,
  self: Node,
  network: Network,
  underlay: Underlay,
): { readonly nodes: PlaceElsewhere[]; readonly tasks: PlaceElsewhere[] } {
  const others = state.nodes.filter(node => node.id !== self.id && gatewayOn(node, network.id) !== undefined);
  const placed = (node: Node, address: string | undefined): PlaceElsewhere[] => {
    const nodeMac = macOf((gatewayOn(node, network.id) ?? "").split("/")[0] ?? "");
    const seen = node.description?.engine?.labels["shoal.filters-bridges"] === "true";
    if (address === undefined) return [];
    return [{ address, mac: macOf(address), nodeMac, seen, to: underlay.get(node.id) ?? "" }];
  };
  const tasksOf = (node: Node): Task[] => state.tasks.filter(task => task.nodeId === node.id && hasPlace(task));
  return {
    nodes: others.flatMap(node => placed(node, gatewayOn(node, network.id)?.split("/")[0])),
    tasks: others.flatMap(node => tasksOf(node).flatMap(task => placed(node, addressOn(task, network.id)))),
  };
}

function vxlanIdOf({ driverState }: Network): number {
  return Number(driverState?.options["com.docker.network.driver.overlay.vxlanid_list"]);
}

/** What Docker makes of a container's IPv4 address. */
function macOf(address: string): string {
  return ["02", "42", ...address.split(".").map(part => Number(part).toString(16).padStart(2, "0"))].join(":");
}

function virtualOn({ services }: SwarmState, { id, spec }: Network): string[] {
  if (spec?.ingress) return [];
  const all = services.flatMap(({ endpoint }) => endpoint?.virtualIps ?? []);
  return all.filter(({ networkId }) => networkId === id).map(({ addr }) => `${addr.split("/")[0]}/32`);
}

function virtualDifferences(state: SwarmState, here: readonly Network[], view: HostView): string[] {
  const wanted = new Map<string, string>();
  for (const { id, endpoint } of state.services)
    for (const { networkId, addr } of endpoint?.virtualIps ?? []) {
      const network = here.find(each => each.id === networkId);
      const to = readyOn(state, id, networkId);
      if (network && !network.spec?.ingress && to.length > 0) wanted.set(addr.split("/")[0] ?? "", to.join(","));
    }
  return unequal("virtual addresses", lines(wanted), lines(view.virtual));
}

function portDifferences(state: SwarmState, here: readonly Network[], view: HostView): string[] {
  const ingress = here.find(({ spec }) => spec?.ingress);
  const wanted = new Map<string, string>();
  for (const { id, endpoint } of state.services)
    for (const port of endpoint?.ports ?? []) {
      if (port.publishMode !== PublishMode.INGRESS || !ingress) continue;
      const to = readyOn(state, id, ingress.id).map(address => `${address} ${port.targetPort}`);
      wanted.set(`${Protocol[port.protocol].toLowerCase()} ${port.publishedPort}`, to.join(","));
    }
  const idle = [...wanted].filter(([, to]) => to === "").map(([port]) => port);
  return [
    ...unequal("published ports", lines(wanted), lines(view.ports)),
    ...unequal("idle ports", idle.sort(), view.idlePorts),
  ];
}

/** Addresses of the service's ready tasks on a network, sorted. */
export function readyOn({ tasks }: SwarmState, serviceId: string, networkId: string): string[] {
  const ready = tasks.filter(task => task.serviceId === serviceId && isReady(task));
  return ready.flatMap(task => addressOn(task, networkId) ?? []).sort();
}

function lines(map: ReadonlyMap<string, readonly string[] | string>): string[] {
  return [...map].map(([key, to]) => `${key} → ${String(to)}`).sort();
}

function unique<T>(all: readonly T[], text: (one: T) => string): string[] {
  return [...new Set(all.map(text))].sort();
}

function unequal(what: string, wanted: readonly string[], found: readonly string[] = []): string[] {
  const missing = wanted.filter(each => !found.includes(each));
  const extra = found.filter(each => !wanted.includes(each));
  if (missing.length + extra.length === 0) return [];
  return [`${what}: ${[...missing.map(each => `−${each}`), ...extra.map(each => `+${each}`)].join(", ")}`];
}
