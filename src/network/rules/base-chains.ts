import { returnMarkMask } from "../../ports/net-ops.ts";
import { resolverAddress } from "../names.ts";
import type { Chain } from "./ruleset.ts";

const mask = `0x${returnMarkMask.toString(16).padStart(8, "0")}`;
const rest = `0x${(2 ** 32 - 1 - returnMarkMask).toString(16).padStart(8, "0")}`;

/** What the mesh and the virtual addresses are for: other protocols (ICMP) end at the node, which answers itself. */
const balanced = "meta l4proto { tcp, udp, sctp }";

/**
 * The chains that packets pass. `bridges` matches the names of all bridges of the node's; `ingress` is the one of the
 * ingress network. Priorities lie just before those of the engine's own chains, which so see what ours have decided.
 */
export function baseChains(bridges: string, ingress: string | undefined): [string, Chain][] {
  return [
    ["guard", { hook: "type filter hook prerouting priority -300", rules: [loopbackRule(bridges)] }],
    ["mark_in", { hook: "type filter hook prerouting priority -150", rules: markRules(bridges, ingress) }],
    ["come_in", { hook: "type nat hook prerouting priority -105", rules: balanceRules(bridges) }],
    // No way leads out from ::1, whatever its packets are rewritten to: a call is refused at once, and clients try IPv4.
    ["go_out", { hook: "type nat hook output priority -105", rules: ["ip6 daddr ::1 return", portRule] }],
    ["pass_on", { hook: "type filter hook forward priority -5", rules: forwardRules(bridges) }],
    ["arrive", { hook: "type filter hook input priority -5", rules: inputRules(bridges) }],
    ["leave", { hook: "type nat hook postrouting priority 95", rules: sourceRules(bridges) }],
    // What carries a mark is encapsulated next: its look-up of a route must not follow the mark.
    [
      "mark_out",
      {
        hook: "type filter hook postrouting priority 110",
        rules: [`oifname "${bridges}" meta mark & ${mask} != 0 meta mark set meta mark & ${rest}`],
      },
    ],
  ];
}

/** The ingress bridge routes to loopback addresses, for the node's own calls to published ports: nobody else may. */
function loopbackRule(bridges: string): string {
  return `iifname "${bridges}" ip daddr 127.0.0.0/8 drop`;
}

/** A connection that came in by another node keeps that node's mark; its replies carry it to the routing rules. */
function markRules(bridges: string, ingress: string | undefined): string[] {
  const from = `iifname "${ingress ?? ""}" ct direction original ct state new`;
  return [
    ...(ingress === undefined ? [] : [`${from} ct mark set ether saddr map @senders`]),
    `iifname "${bridges}" ct direction reply ct mark & ${mask} != 0 meta mark set ct mark & ${mask}`,
  ];
}

const portRule = "fib daddr type local meta l4proto . th dport vmap @ports";

/** A container that came to a network later asks its engine, and that others. What they would say is asked for by our resolver. */
const nameRule = `ip saddr @astray4 ip daddr != ${resolverAddress} meta l4proto { tcp, udp } th dport 53 dnat ip to ${resolverAddress}`;

function balanceRules(bridges: string): string[] {
  return [
    nameRule,
    `iifname "${bridges}" ${balanced} ip daddr vmap @virtual4`,
    `iifname "${bridges}" ${balanced} ip6 daddr vmap @virtual6`,
    portRule,
  ];
}

function forwardRules(bridges: string): string[] {
  return [
    "ct state established,related accept",
    `oifname "${bridges}" jump restricted`,
    "iifname . oifname @same_bridge accept",
    `oifname "${bridges}" ct status dnat accept`,
    // Neither from one network into another, nor from outside to a container's own address.
    `oifname "${bridges}" drop`,
    "iifname @closed drop",
  ];
}

/** Nobody answers there now: say so at once, also in place of a program of the node's that listens on all addresses. */
function inputRules(bridges: string): string[] {
  const refused = [
    `iifname "${bridges}" ip daddr @inside4 ip daddr != @own4`,
    `iifname "${bridges}" ip6 daddr @inside6 ip6 daddr != @own6`,
    "meta l4proto . th dport @idle_ports ct direction original fib daddr type local",
  ];
  return refused.flatMap(match => [
    `${match} meta l4proto tcp reject with tcp reset`,
    `${match} meta l4proto { udp, sctp } reject`,
  ]);
}

function sourceRules(bridges: string): string[] {
  return [
    "ip saddr . ip daddr @homeward4 masquerade",
    "ip6 saddr . ip6 daddr @homeward6 masquerade",
    // Whoever is called here sees the caller: rules see the answer as it passes the bridge, and undo what they have rewritten.
    `oifname "${bridges}" ct status dnat ip saddr . ip daddr @neighbours4 return`,
    `oifname "${bridges}" ct status dnat ip6 saddr . ip6 daddr @neighbours6 return`,
    `oifname "${bridges}" ct status dnat ip saddr @inside4 ip daddr @here4 return`,
    `oifname "${bridges}" ct status dnat ip6 saddr @inside6 ip6 daddr @here6 return`,
    // Any other call of a container's comes back this way.
    `oifname "${bridges}" ct status dnat ip saddr @inside4 masquerade`,
    `oifname "${bridges}" ct status dnat ip6 saddr @inside6 masquerade`,
    `oifname "${bridges}" ip saddr 127.0.0.0/8 masquerade`,
    // Out of the swarm's networks.
    `oifname != "${bridges}" ip saddr @inside4 ip daddr != @inside4 masquerade`,
    `oifname != "${bridges}" ip6 saddr @inside6 ip6 daddr != @inside6 masquerade`,
  ];
}
