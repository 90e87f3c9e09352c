import type { BridgeLink, Links, ReturnPath, VxlanLink } from "../../ports/net-ops.ts";
import { returnKey } from "../../ports/net-ops.ts";
import { markOfTable, passingPriority, routeProtocol, rulePriority } from "./link-commands.ts";
import { mustRun } from "./program.ts";

/* The parts of iproute2's JSON that are looked at. */

interface LinkJson {
  readonly ifname?: string;
  readonly mtu?: number;
  readonly address?: string;
  readonly master?: string;
  readonly flags?: readonly string[];
  readonly link_netnsid?: number;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_slave_kind?: string;
    readonly info_slave_data?: { readonly hairpin?: boolean };
    readonly info_data?: {
      readonly id?: number;
      readonly port?: number;
      readonly local?: string;
      readonly local6?: string;
      readonly nf_call_iptables?: number;
      readonly nf_call_ip6tables?: number;
    };
  };
}

interface NamespaceJson {
  readonly name?: string;
  readonly id?: number;
}

interface AddressJson {
  readonly ifname?: string;
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number; readonly scope?: string }[];
}

interface ForwardingJson {
  readonly mac?: string;
  readonly ifname?: string;
  readonly dst?: string;
  readonly master?: string;
  readonly state?: string;
}

interface NeighbourJson {
  readonly dst?: string;
  readonly dev?: string;
  readonly lladdr?: string;
}

interface RuleJson {
  readonly priority?: number;
  readonly fwmark?: string;
}

interface RouteJson {
  readonly dst?: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly table?: string | number;
}

/** What there is on devices whose names begin so, and all return paths. */
export async function observeLinks(prefixes: readonly string[], signal?: AbortSignal): Promise<Links> {
  const query = queries(signal);
  const isOurs = (name: string | undefined): name is string => prefixes.some(prefix => name?.startsWith(prefix));
  const [links, addresses, forwarding, neighbours] = await Promise.all([
    query<LinkJson>("ip", "-d", "link", "show"),
    query<AddressJson>("ip", "address", "show"),
    query<ForwardingJson>("bridge", "fdb", "show"),
    query<NeighbourJson>("ip", "neighbour", "show", "nud", "permanent"),
  ]);
  const ours = links.filter(({ ifname }) => isOurs(ifname));
  return {
    bridges: bridgesIn(links, isOurs, addresses),
    vxlans: vxlansIn(ours, await namespacesOf(ours, query)),
    forwarding: forwardingIn(forwarding.filter(({ ifname }) => isOurs(ifname))),
    neighbours: tableOf(
      neighbours.filter(({ dev }) => isOurs(dev)),
      each => [each.dev, each.dst, each.lladdr],
    ),
    returns: new Map([...(await returnsOf(4, query)), ...(await returnsOf(6, query))]),
  };
}

/** The MTU in bytes of the device that has the address. */
export async function observeMtu(address: string): Promise<number | undefined> {
  const all = await queries()<AddressJson & { readonly mtu?: number }>("ip", "address", "show");
  return all.find(({ addr_info: has = [] }) => has.some(({ local }) => local === address))?.mtu;
}

/** See `NetOps.globalAddresses`. */
export async function observeAddresses(prefixes: readonly string[]): Promise<string[]> {
  const all = await queries()<AddressJson>("ip", "address", "show", "scope", "global");
  const others = all.filter(({ ifname = "" }) => !prefixes.some(prefix => ifname.startsWith(prefix)));
  return [...new Set(others.flatMap(({ addr_info: has = [] }) => has.flatMap(({ local }) => local ?? [])))].sort();
}

function bridgesIn(
  links: readonly LinkJson[],
  isOurs: (name: string) => boolean,
  all: readonly AddressJson[],
): Map<string, BridgeLink> {
  const found = new Map<string, BridgeLink>();
  const straight = links.filter(isStraightPort);
  for (const { ifname: name = "", address: mac = "", linkinfo } of links) {
    if (linkinfo?.info_kind !== "bridge" || !isOurs(name)) continue;
    const own = all.find(({ ifname }) => ifname === name)?.addr_info ?? [];
    const alone = own.filter(({ local = "", prefixlen }) => prefixlen === (local.includes(":") ? 128 : 32));
    const { nf_call_iptables: shows4, nf_call_ip6tables: shows6 } = linkinfo.info_data ?? {};
    const addresses = new Set(alone.map(({ local, prefixlen }) => `${local}/${prefixlen}`));
    const ports = straight.filter(({ master }) => master === name).map(({ ifname = "" }) => ifname);
    const isFiltered = shows4 === 1 && shows6 === 1;
    found.set(name, { name, mac, addresses, isFiltered, withoutHairpin: new Set(ports) });
  }
  return found;
}

/** To other nodes nothing goes back by the way that it came. */
function isStraightPort({ linkinfo }: LinkJson): boolean {
  return linkinfo?.info_slave_kind === "bridge" && linkinfo.info_kind !== "vxlan" && !linkinfo.info_slave_data?.hairpin;
}

/** An entry of a VXLAN device's that its bridge does not know of leads nowhere yet. */
function forwardingIn(entries: readonly ForwardingJson[]): Map<string, Map<string, string>> {
  const keyOf = ({ ifname = "", mac = "" }: ForwardingJson): string => `${ifname} ${mac}`;
  const known = new Set(entries.filter(({ master, state }) => master && state === "static").map(keyOf));
  return tableOf(
    entries.filter(({ dst }) => dst),
    each => [each.ifname, each.mac, known.has(keyOf(each)) ? each.dst : ""],
  );
}

/** One that is down counts as missing its bridge: it is made anew. */
function vxlansIn(links: readonly LinkJson[], namespaces: ReadonlyMap<number, string>): Map<string, VxlanLink> {
  const found = new Map<string, VxlanLink>();
  for (const { ifname: name = "", mtu = 0, master = "", flags = [], link_netnsid: within, linkinfo } of links) {
    if (linkinfo?.info_kind !== "vxlan") continue;
    const { id = 0, port = 0, local, local6 = "" } = linkinfo.info_data ?? {};
    const namespace = within === undefined ? "" : (namespaces.get(within) ?? `number ${within}`);
    const bridge = flags.includes("UP") ? master : "";
    found.set(name, { name, namespace, id, port, local: local ?? local6, mtu, bridge });
  }
  return found;
}

/** The names of other namespaces, by the numbers that this one knows them by; asked for only where a device needs one. */
async function namespacesOf(links: readonly LinkJson[], query: Query): Promise<Map<number, string>> {
  if (links.every(({ link_netnsid: within }) => within === undefined)) return new Map();
  const all = await query<NamespaceJson>("ip", "netns", "list");
  return new Map(all.flatMap(({ name, id }) => (name !== undefined && id !== undefined ? [[id, name]] : [])));
}

async function returnsOf(family: 4 | 6, query: Query): Promise<[string, ReturnPath][]> {
  const [rules, routes] = await Promise.all([
    query<RuleJson>("ip", `-${family}`, "rule", "show"),
    query<RouteJson>("ip", `-${family}`, "route", "show", "table", "all", "proto", String(routeProtocol)),
  ]);
  // Where packets without a mark do not pass over them, none is as it is wanted: setting any puts that right.
  const isPassed = rules.some(({ priority }) => priority === passingPriority);
  const marks = new Set(rules.filter(({ priority }) => priority === rulePriority).map(({ fwmark }) => Number(fwmark)));
  return routes.flatMap(({ table, gateway, dev }): [string, ReturnPath][] => {
    const mark = markOfTable(Number(table));
    if (gateway === undefined || dev === undefined || !marks.has(mark)) return [];
    const path: ReturnPath = { mark, family, via: gateway, device: isPassed ? dev : "" };
    return [[returnKey(path), path]];
  });
}

function tableOf<T>(
  entries: readonly T[],
  row: (entry: T) => (string | undefined)[],
): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const entry of entries) {
    const [device = "", key = "", value = ""] = row(entry);
    const entriesOfDevice = found.get(device) ?? new Map<string, string>();
    found.set(device, entriesOfDevice.set(key, value));
  }
  return found;
}

type Query = <T>(program: "ip" | "bridge", ...args: string[]) => Promise<T[]>;

/** Asks iproute2, until `signal`. */
function queries(signal?: AbortSignal): Query {
  return async <T>(program: "ip" | "bridge", ...args: string[]): Promise<T[]> => {
    const text = await mustRun(program, ["-j", ...args], "", signal);
    return text.trim() === "" ? [] : (JSON.parse(text) as T[]);
  };
}
