/**
 * The doors to this machine's network: what a node's data plane is made of. Real: `platform/net` (iproute2, nftables,
 * conntrack) and `platform/docker/bridge-networks.ts`; simulated: `sim/net-ops.ts`. Every operation may be repeated and
 * ends in the same state. Faults: failed_precondition when the machine cannot do it at all (not root, a program or a
 * kernel feature is missing), unavailable when it may work a moment later, internal with the program's own text otherwise.
 */
export interface NetOps {
  /** Why this machine can have no data plane ("nft is not installed"); undefined when it can. */
  obstacle(): Promise<string | undefined>;
  /** The MTU in bytes of the device that has `address`; undefined when none has. */
  mtuOf(address: string): Promise<number | undefined>;
  /** Addresses of global scope, bare and in order, that devices have whose names begin with none of `prefixes`. */
  globalAddresses(prefixes: readonly string[]): Promise<string[]>;
  /** Whether the kernel can show rules what a bridge passes on between its ports; tries to make it so. */
  canFilterBridges(): Promise<boolean>;
  /** What there is on devices whose names begin with one of `prefixes`, and all return paths. Fault cancelled at `signal`. */
  observe(prefixes: readonly string[], signal?: AbortSignal): Promise<Links>;
  /** Makes the changes in their order. */
  change(changes: readonly LinkChange[]): Promise<void>;
  /** Runs nftables commands as one transaction: all of them or none. */
  applyRules(commands: string): Promise<void>;
  /** What the table (family inet) holds; undefined when there is none. Fault cancelled at `signal`. */
  contentsOfRules(table: string, signal?: AbortSignal): Promise<RulesContents | undefined>;
  /**
   * Calls `changed` whenever rules, or devices whose names begin with one of `prefixes` and what belongs to them, may have become
   * others, whoever did that: once more rather than once less. Resolves when `signal` aborts, rejects when it can tell no longer.
   */
  watch(prefixes: readonly string[], changed: (what: NetPart) => void, signal: AbortSignal): Promise<void>;
  /** Sets kernel settings (`net/ipv4/ip_forward`) that are not so yet. A setting that does not exist is a Fault. */
  setKernel(settings: ReadonlyMap<string, string>): Promise<void>;
  /**
   * Lets the engine's firewall pass what is forwarded to and from devices that begin with `prefix`: the decision is our
   * table's alone. `chain` is the name of a chain of ours.
   */
  passForwarding(chain: string, prefix: string): Promise<void>;
  /** Takes that back. */
  unpassForwarding(chain: string): Promise<void>;
  /** Makes the kernel forget UDP flows that were sent to these addresses, so that their next packet is balanced anew. */
  forgetUdp(addresses: readonly string[]): Promise<void>;
}

/** Tables of nftables and iptables; or all else. */
export type NetPart = "rules" | "links";

/** Devices, addresses and tables outside of nftables. The same type is what is wanted and what there is. */
export interface Links {
  readonly bridges: ReadonlyMap<string, BridgeLink>;
  readonly vxlans: ReadonlyMap<string, VxlanLink>;
  /** VXLAN device → MAC → underlay address of the node behind which it is. */
  readonly forwarding: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Device → address → MAC: permanent entries. */
  readonly neighbours: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** By mark and IP version (`returnKey`). */
  readonly returns: ReadonlyMap<string, ReturnPath>;
}

/** A bridge that the engine has made. */
export interface BridgeLink {
  readonly name: string;
  readonly mac: string;
  /** "10.0.1.2/32": service addresses that it answers for, beside its own. */
  readonly addresses: ReadonlySet<string>;
  /** Rules see what it passes on between its ports. */
  readonly isFiltered: boolean;
  /** Containers' ports that do not give back what came in by them: a task does not reach itself by a service's address. */
  readonly withoutHairpin: ReadonlySet<string>;
}

export interface VxlanLink {
  readonly name: string;
  /** The network namespace whose routes and devices its packets use; "": this machine's own. */
  readonly namespace: string;
  readonly id: number;
  /** UDP port. */
  readonly port: number;
  /** This node's underlay address. */
  readonly local: string;
  /** Bytes. */
  readonly mtu: number;
  /** The bridge it is a port of; "" while it is of none. */
  readonly bridge: string;
}

/** Where replies go that carry a mark: back to the node that a connection came in by. */
export interface ReturnPath {
  readonly mark: number;
  readonly family: 4 | 6;
  readonly via: string;
  readonly device: string;
}

export function returnKey({ mark, family }: Pick<ReturnPath, "mark" | "family">): string {
  return `${mark}/${family}`;
}

export type LinkChange =
  | { readonly do: "set-bridge-mac"; readonly bridge: string; readonly mac: string }
  | { readonly do: "filter-bridge"; readonly bridge: string }
  | { readonly do: "set-hairpin"; readonly bridge: string; readonly port: string }
  | { readonly do: "add-vxlan"; readonly link: VxlanLink }
  | { readonly do: "remove-vxlan"; readonly name: string }
  | { readonly do: "add-address"; readonly bridge: string; readonly address: string }
  | { readonly do: "remove-address"; readonly bridge: string; readonly address: string }
  | { readonly do: "set-forwarding"; readonly device: string; readonly mac: string; readonly to: string }
  | { readonly do: "remove-forwarding"; readonly device: string; readonly mac: string; readonly to: string }
  | { readonly do: "set-neighbour"; readonly device: string; readonly address: string; readonly mac: string }
  | { readonly do: "remove-neighbour"; readonly device: string; readonly address: string }
  | { readonly do: "set-return"; readonly path: ReturnPath }
  /** `isLast`: none of its IP version is wanted any more. */
  | { readonly do: "remove-return"; readonly path: ReturnPath; readonly isLast: boolean };

/** What a table holds, by the names of its chains and of its sets and maps: enough to notice that somebody has changed it. */
export interface RulesContents {
  readonly chains: ReadonlyMap<string, RulesPart>;
  readonly sets: ReadonlyMap<string, RulesPart>;
}

export interface RulesPart {
  /** Rules, or elements. */
  readonly count: number;
  /** The same for as long as nobody changes anything about it. To be compared with the same part's on the same machine alone. */
  readonly digest: string;
}

/** The bits of a packet's mark that name the node a connection came in by. */
export const returnMarkMask = 0xfff0_0000;

/** A bridge network of the engine's, made by us for one of the swarm's networks. */
export interface BridgeNetwork {
  /** The engine's name for it. */
  readonly name: string;
  /** The swarm's network. */
  readonly networkId: string;
  /** The device. */
  readonly bridge: string;
  /** Bytes. */
  readonly mtu: number;
  readonly subnets: readonly { readonly cidr: string; readonly gateway: string }[];
}

export interface BridgeNetworks {
  /** Those of this node. */
  list(): Promise<BridgeNetwork[]>;
  create(network: BridgeNetwork): Promise<void>;
  /** Fault failed_precondition while containers are running on it; no error when it is gone. */
  remove(name: string): Promise<void>;
}
