import type { LinkChange, ReturnPath, VxlanLink } from "../../ports/net-ops.ts";
import { returnMarkMask } from "../../ports/net-ops.ts";

/** One line for `ip -batch` or `bridge -batch`. */
export interface BatchLine {
  /** With what says the IP version, where a line does not say so itself. */
  readonly program: "ip" | "ip -4" | "ip -6" | "bridge";
  readonly text: string;
  /** An error that means only that things are so already. */
  readonly harmless?: RegExp;
}

/** The kernel's words of old and of late. */
const isThere = /File exists|already assigned/;
const isGone = /Cannot find device|No such|Cannot assign requested address|not found/;

/** Where the routing rules of return paths stand; below the engine's and above the main table's. */
export const rulePriority = 5200;
/**
 * The kernel tries these rules one after the other for every packet, and there is one for each node: with a hundred of them that
 * is 4 µs a packet, with a thousand 20. What carries no mark, which is most, passes over them: from before the first to after the last.
 */
export const passingPriority = rulePriority - 1;
const passedPriority = rulePriority + 1;
/** Routes of ours carry it (`ip route … proto`). */
export const routeProtocol = 114;
/** Numbers of the tables of return paths begin here, one a mark. */
const firstTable = 5_200_000;

/** The commands for a change, in order. */
export function batchLines(change: LinkChange): BatchLine[] {
  switch (change.do) {
    case "set-bridge-mac":
      return [ip(`link set dev ${change.bridge} address ${change.mac}`)];
    case "filter-bridge":
      return [ip(`link set dev ${change.bridge} type bridge nf_call_iptables 1 nf_call_ip6tables 1`)];
    case "set-hairpin":
      return [ip(`link set dev ${change.port} type bridge_slave hairpin on`, isGone)];
    case "add-vxlan":
      return addVxlan(change.link);
    case "remove-vxlan":
      return [ip(`link delete dev ${change.name}`, isGone)];
    case "add-address":
      return [ip(`address add ${change.address} dev ${change.bridge}${withoutProbe(change.address)}`, isThere)];
    case "remove-address":
      return [ip(`address delete ${change.address} dev ${change.bridge}`, isGone)];
    case "set-forwarding":
      return [
        bridge(`fdb replace ${change.mac} dev ${change.device} dst ${change.to} self permanent`),
        // Told that it is behind this port, the bridge shows no other container what goes there.
        bridge(`fdb replace ${change.mac} dev ${change.device} master static`),
      ];
    case "remove-forwarding":
      return [
        bridge(`fdb delete ${change.mac} dev ${change.device} master`, isGone),
        bridge(`fdb delete ${change.mac} dev ${change.device}${change.to && ` dst ${change.to}`} self`, isGone),
      ];
    case "set-neighbour":
      return [ip(`neighbour replace ${change.address} lladdr ${change.mac} dev ${change.device} nud permanent`)];
    case "remove-neighbour":
      return [ip(`neighbour delete ${change.address} dev ${change.device}`, isGone)];
    case "set-return":
      return setReturn(change.path);
    case "remove-return":
      return removeReturn(change.path, change.isLast);
    default:
      return change satisfies never;
  }
}

/** The mark of the table's routes. */
export function markOfTable(table: number): number {
  return (table - firstTable) * 2 ** markBits;
}

const markBits = 20;

function tableOf(mark: number): number {
  return firstTable + mark / 2 ** markBits;
}

/** Learns nothing and asks nobody: what is where comes from the swarm's state, and it answers for it. */
function addVxlan({ name, namespace, id, port, local, mtu, bridge: master }: VxlanLink): BatchLine[] {
  const within = namespace === "" ? "" : ` link-netns ${namespace}`;
  return [
    ip(`link add ${name}${within} mtu ${mtu} type vxlan id ${id} local ${local} dstport ${port} nolearning proxy`),
    ip(`link set dev ${name} addrgenmode none`, /not supported|Invalid argument/),
    ip(`link set dev ${name} master ${master} up`),
  ];
}

function setReturn(path: ReturnPath): BatchLine[] {
  const { family, via, device } = path;
  const route = `default via ${via} dev ${device} onlink table ${tableOf(path.mark)} proto ${routeProtocol}`;
  return [
    { program: `ip -${family}`, text: `route replace ${route}` },
    { program: `ip -${family}`, text: `rule add ${ruleOf(path)}`, harmless: isThere },
    ...passing.map((rule): BatchLine => ({ program: `ip -${family}`, text: `rule add ${rule}`, harmless: isThere })),
  ];
}

function removeReturn(path: ReturnPath, isLast: boolean): BatchLine[] {
  const rules = [...(isLast ? passing.toReversed() : []), ruleOf(path)];
  return [
    ...rules.map(
      (rule): BatchLine => ({ program: `ip -${path.family}`, text: `rule delete ${rule}`, harmless: isGone }),
    ),
    { program: `ip -${path.family}`, text: `route flush table ${tableOf(path.mark)}`, harmless: isGone },
  ];
}

const hex = (value: number): string => `0x${value.toString(16)}`;

/** To be made in this order. */
const passing: readonly string[] = [
  `pref ${passedPriority} nop`,
  `pref ${passingPriority} fwmark ${hex(0)}/${hex(returnMarkMask)} goto ${passedPriority}`,
];

function ruleOf({ mark }: ReturnPath): string {
  return `pref ${rulePriority} fwmark ${hex(mark)}/${hex(returnMarkMask)} lookup ${tableOf(mark)}`;
}

/** Without it an IPv6 address is looked for on the network first, and not used for a second. */
function withoutProbe(address: string): string {
  return address.includes(":") ? " nodad" : "";
}

function ip(text: string, harmless?: RegExp): BatchLine {
  return { program: "ip", text, ...(harmless ? { harmless } : {}) };
}

function bridge(text: string, harmless?: RegExp): BatchLine {
  return { program: "bridge", text, ...(harmless ? { harmless } : {}) };
}
