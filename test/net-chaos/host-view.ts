import type { LabHost } from "../lab/lab.ts";
import { type RulesJson, type RulesView, rulesView } from "./rules-view.ts";

/** What a host's kernel has of networks, read with iproute2 and nft and nothing of the code under test. */
export interface HostView extends RulesView {
  /** Device → its IPv4 addresses, "10.0.1.2/24". */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  /** By the bridge that they are a port of. */
  readonly vxlans: ReadonlyMap<string, VxlanView>;
  /** Device → "MAC UNDERLAY-ADDRESS". */
  readonly forwarding: ReadonlyMap<string, readonly string[]>;
  /** Device → "ADDRESS MAC". */
  readonly neighbours: ReadonlyMap<string, readonly string[]>;
  /** VXLAN device → MACs that its bridge knows to be behind it. */
  readonly bridged: ReadonlyMap<string, readonly string[]>;
  /** Bridge → containers' ports that give nothing back. */
  readonly straightPorts: ReadonlyMap<string, readonly string[]>;
  /** Gateways of the routes by which replies return to the node that a connection came in by, and how many rules lead to them. */
  readonly returns: { readonly gateways: readonly string[]; readonly rules: number };
}

export interface VxlanView {
  readonly name: string;
  readonly id: number;
  readonly isUp: boolean;
}

interface AddressJson {
  readonly ifname: string;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
}

interface LinkJson {
  readonly ifname: string;
  readonly master?: string;
  readonly flags: readonly string[];
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: { readonly id?: number };
    readonly info_slave_data?: { readonly hairpin?: boolean };
  };
}

const commands = [
  "ip -4 -j address show",
  "ip -d -j link show",
  "bridge -j fdb show",
  "ip -j neighbour show nud permanent",
  "nft -j list ruleset inet",
  "ip -4 -j route show table all proto 114",
  "ip -4 -j rule show",
];

export async function hostView({ namespace }: LabHost): Promise<HostView> {
  const text = await namespace.run(["sh", "-c", commands.join("; echo; echo ---; ")]);
  const parts = text.split("\n---\n").map(part => (part.trim() === "" ? "[]" : part));
  const read = <T>(at: number): T => JSON.parse(parts[at] ?? "[]") as T;
  const addresses = read<AddressJson[]>(0).map(({ ifname, addr_info }): [string, string[]] => [
    ifname,
    addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`).sort(),
  ]);
  const vxlans = read<LinkJson[]>(1).flatMap(({ ifname: name, master = "", flags, linkinfo }): [string, VxlanView][] =>
    linkinfo?.info_kind === "vxlan"
      ? [[master, { name, id: linkinfo.info_data?.id ?? 0, isUp: flags.includes("UP") }]]
      : [],
  );
  const straight = read<LinkJson[]>(1).flatMap(({ ifname, master, linkinfo }): [string, string][] =>
    master !== undefined && linkinfo?.info_kind === "veth" && !linkinfo.info_slave_data?.hairpin
      ? [[master, ifname]]
      : [],
  );
  const entries = read<{ ifname: string; mac: string; dst?: string; state?: string }[]>(2);
  const forwarding = entries.filter(({ dst }) => dst);
  const bridged = entries.filter(({ state }) => state === "static");
  const neighbours = read<{ dev: string; dst: string; lladdr?: string }[]>(3);
  return {
    addresses: new Map(addresses),
    vxlans: new Map(vxlans),
    straightPorts: grouped(straight, ([bridge, port]) => [bridge, port]),
    bridged: grouped(bridged, ({ ifname, mac }) => [ifname, mac]),
    forwarding: grouped(forwarding, ({ ifname, mac, dst }) => [ifname, `${mac} ${dst}`]),
    neighbours: grouped(neighbours, ({ dev, dst, lladdr }) => [dev, `${dst} ${lladdr}`]),
    returns: {
      gateways: read<{ gateway?: string }[]>(5).flatMap(({ gateway }) => gateway ?? []),
      rules: read<{ priority: number }[]>(6).filter(({ priority }) => priority === 5200).length,
    },
    ...rulesView(read<RulesJson>(4).nftables ?? []),
  };
}

function grouped<T>(entries: readonly T[], row: (entry: T) => [string, string]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [device, text] of entries.map(row).sort()) found.set(device, [...(found.get(device) ?? []), text]);
  return found;
}
