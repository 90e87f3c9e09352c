import { onAbort } from "../lib/bell.ts";
import { Fault } from "../lib/fault.ts";
import {
  type BridgeLink,
  type BridgeNetwork,
  type BridgeNetworks,
  type LinkChange,
  type Links,
  type NetOps,
  type NetPart,
  type ReturnPath,
  type RulesContents,
  returnKey,
  type VxlanLink,
} from "../ports/net-ops.ts";
import { NftTables } from "./nft-tables.ts";

type Table = Map<string, Map<string, string>>;

/** A machine's network without a machine: its devices, tables and rules, and an engine that makes bridges. */
export class SimNetOps implements NetOps, BridgeNetworks {
  readonly rules = new NftTables();
  readonly kernel = new Map<string, string>();
  /** Chains that let forwarded packets pass. */
  readonly passing = new Set<string>();
  readonly forgotten: string[] = [];
  /** Every change in the order it was made, for tests of that order. */
  readonly done: string[] = [];
  /** Operations that fail as long as they are in it: "create", "change", "applyRules", … */
  readonly failing = new Set<string>();
  /** Engine networks that containers run on. */
  readonly busy = new Set<string>();
  readonly #watchers = new Set<(what: NetPart) => void>();
  readonly #networks = new Map<string, BridgeNetwork>();
  readonly #bridges = new Map<string, BridgeLink>();
  readonly #vxlans = new Map<string, VxlanLink>();
  readonly #forwarding: Table = new Map();
  readonly #neighbours: Table = new Map();
  readonly #returns = new Map<string, ReturnPath>();

  constructor() {
    this.rules.onChange = () => this.#tell("rules");
  }

  async obstacle(): Promise<undefined> {}

  async mtuOf(): Promise<number> {
    return 1_500;
  }

  async globalAddresses(): Promise<string[]> {
    return ["192.0.2.1"];
  }

  async canFilterBridges(): Promise<boolean> {
    return !this.failing.has("filter-bridge");
  }

  async observe(prefixes: readonly string[], signal?: AbortSignal): Promise<Links> {
    failAt(signal);
    const isOurs = (name: string): boolean => prefixes.some(prefix => name.startsWith(prefix));
    const ours = <T>(map: ReadonlyMap<string, T>): Map<string, T> => new Map([...map].filter(([name]) => isOurs(name)));
    const tables = (all: Table): Table => new Map([...ours(all)].map(([name, table]) => [name, new Map(table)]));
    return {
      bridges: ours(this.#bridges),
      vxlans: ours(this.#vxlans),
      forwarding: tables(this.#forwarding),
      neighbours: tables(this.#neighbours),
      returns: new Map(this.#returns),
    };
  }

  async change(changes: readonly LinkChange[]): Promise<void> {
    this.#attempt("change");
    for (const change of changes) {
      this.done.push(change.do);
      this.#change(change);
    }
    this.#tell("links");
  }

  async applyRules(commands: string): Promise<void> {
    this.#attempt("applyRules");
    this.rules.run(commands);
    this.done.push("rules");
  }

  async contentsOfRules(table: string, signal?: AbortSignal): Promise<RulesContents | undefined> {
    failAt(signal);
    return this.rules.contents(table);
  }

  /** Tells of its own changes as well, as a kernel does. */
  watch(_prefixes: readonly string[], changed: (what: NetPart) => void, signal: AbortSignal): Promise<void> {
    if (this.failing.has("watch")) return Promise.reject(new Fault("failed_precondition", "watch fails"));
    this.#watchers.add(changed);
    return new Promise(resolve => {
      onAbort(signal, () => {
        this.#watchers.delete(changed);
        resolve();
      });
    });
  }

  async setKernel(settings: ReadonlyMap<string, string>): Promise<void> {
    for (const [path, value] of settings) this.kernel.set(path, value);
  }

  async passForwarding(chain: string): Promise<void> {
    this.passing.add(chain);
  }

  async unpassForwarding(chain: string): Promise<void> {
    this.passing.delete(chain);
  }

  async forgetUdp(addresses: readonly string[]): Promise<void> {
    this.forgotten.push(...addresses);
  }

  async list(): Promise<BridgeNetwork[]> {
    this.#attempt("list");
    return [...this.#networks.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async create(network: BridgeNetwork): Promise<void> {
    this.#attempt("create");
    if (this.#networks.has(network.name)) throw new Fault("already_exists", `network ${network.name} already exists`);
    this.#networks.set(network.name, { ...network, subnets: ipv4First(network.subnets) });
    this.#bridges.set(network.bridge, {
      ...{ name: network.bridge, mac: "02:42:00:00:00:00" },
      ...{ addresses: new Set<string>(), isFiltered: false, withoutHairpin: new Set<string>() },
    });
    this.done.push("create");
    this.#tell("links");
  }

  async remove(name: string): Promise<void> {
    const network = this.#networks.get(name);
    if (!network) return;
    if (this.busy.has(name)) throw new Fault("failed_precondition", `network ${name} has active endpoints`);
    this.#networks.delete(name);
    this.#bridges.delete(network.bridge);
    this.#neighbours.delete(network.bridge);
    this.done.push("remove");
    this.#tell("links");
  }

  /** Somebody else hides from the rules what a bridge passes on. */
  hidePassing(bridge: string): void {
    this.#setBridge(bridge, link => ({ ...link, isFiltered: false }));
    this.#tell("links");
  }

  /** A container begins. */
  addPort(bridge: string, port: string): void {
    this.#setBridge(bridge, link => ({ ...link, withoutHairpin: new Set([...link.withoutHairpin, port]) }));
    this.#tell("links");
  }

  #tell(what: NetPart): void {
    for (const changed of this.#watchers) changed(what);
  }

  #attempt(operation: string): void {
    if (this.failing.has(operation)) throw new Fault("internal", `${operation} fails`);
  }

  #change(change: LinkChange): void {
    switch (change.do) {
      case "set-bridge-mac":
        this.#setBridge(change.bridge, bridge => ({ ...bridge, mac: change.mac }));
        return;
      case "filter-bridge":
        this.#setBridge(change.bridge, bridge => ({ ...bridge, isFiltered: true }));
        return;
      case "set-hairpin":
        this.#setBridge(change.bridge, bridge => ({
          ...bridge,
          withoutHairpin: new Set([...bridge.withoutHairpin].filter(port => port !== change.port)),
        }));
        return;
      case "add-address":
        this.#setBridge(change.bridge, bridge => withAddresses(bridge, [...bridge.addresses, change.address]));
        return;
      case "remove-address":
        this.#setBridge(change.bridge, bridge =>
          withAddresses(
            bridge,
            [...bridge.addresses].filter(each => each !== change.address),
          ),
        );
        return;
      case "add-vxlan":
        if (!this.#bridges.has(change.link.bridge)) throw new Fault("internal", `no bridge ${change.link.bridge}`);
        this.#vxlans.set(change.link.name, change.link);
        return;
      case "remove-vxlan":
        this.#vxlans.delete(change.name);
        this.#forwarding.delete(change.name);
        this.#neighbours.delete(change.name);
        return;
      case "set-forwarding":
        this.#entries(this.#forwarding, change.device).set(change.mac, change.to);
        return;
      case "remove-forwarding":
        this.#entries(this.#forwarding, change.device).delete(change.mac);
        return;
      case "set-neighbour":
        this.#entries(this.#neighbours, change.device).set(change.address, change.mac);
        return;
      case "remove-neighbour":
        this.#entries(this.#neighbours, change.device).delete(change.address);
        return;
      case "set-return":
        this.#returns.set(returnKey(change.path), change.path);
        return;
      case "remove-return":
        this.#returns.delete(returnKey(change.path));
        return;
      default:
        change satisfies never;
    }
  }

  #setBridge(name: string, change: (bridge: BridgeLink) => BridgeLink): void {
    const bridge = this.#bridges.get(name);
    if (!bridge) throw new Fault("internal", `no device ${name}`);
    this.#bridges.set(name, change(bridge));
  }

  #entries(table: Table, device: string): Map<string, string> {
    if (!this.#vxlans.has(device) && !this.#bridges.has(device)) throw new Fault("internal", `no device ${device}`);
    const entries = table.get(device) ?? new Map<string, string>();
    table.set(device, entries);
    return entries;
  }
}

function failAt(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new Fault("cancelled", "nobody waits for it any more");
}

function withAddresses(bridge: BridgeLink, addresses: readonly string[]): BridgeLink {
  return { ...bridge, addresses: new Set(addresses) };
}

/** As Docker Engines list them. */
function ipv4First(subnets: BridgeNetwork["subnets"]): BridgeNetwork["subnets"] {
  const isIpv6 = ({ cidr }: { readonly cidr: string }): boolean => cidr.includes(":");
  return [...subnets.filter(subnet => !isIpv6(subnet)), ...subnets.filter(isIpv6)];
}
