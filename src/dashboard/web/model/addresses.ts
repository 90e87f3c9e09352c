import type { Network } from "./objects.ts";
import type { Swarm } from "./swarm.ts";
import { lookOf, nodeName, taskName } from "./task.ts";

/** Who has an address on a network. */
export interface Holder {
  readonly address: string;
  readonly kind: "gateway" | "service" | "task" | "node";
  readonly name: string;
  /** Its view; "" for what has none. */
  readonly link: string;
}

const withoutLength = (address: string): string => address.replace(/\/\d+$/, "");

/** Everyone who has an address on a network, in the order of the addresses. */
export function holdersOn(network: Network, swarm: Swarm): Holder[] {
  const id = network.Id;
  const found: Holder[] = [];
  for (const { Gateway } of network.IPAM.Config ?? [])
    if (Gateway) found.push({ address: withoutLength(Gateway), kind: "gateway", name: "gateway", link: "" });
  for (const { ID, Spec, Endpoint } of swarm.all("service"))
    for (const { NetworkID, Addr } of Endpoint?.VirtualIPs ?? [])
      if (NetworkID === id && Addr)
        found.push({ address: withoutLength(Addr), kind: "service", name: Spec.Name, link: `/services/${ID}` });
  for (const node of swarm.all("node")) {
    const address = node.Addresses?.[id];
    const link = `/nodes/${node.ID}`;
    if (address) found.push({ address: withoutLength(address), kind: "node", name: nodeName(node), link });
  }
  for (const task of swarm.all("task")) {
    const address = task.Addresses?.[id];
    if (!address || ["stopped", "failed", "done"].includes(lookOf(task))) continue;
    const service = swarm.get("service", task.ServiceID ?? "");
    const name = taskName(task, service, swarm.get("node", task.NodeID ?? ""));
    found.push({ address: withoutLength(address), kind: "task", name, link: `/services/${task.ServiceID}` });
  }
  return found.sort((a, b) => numberOf(a.address) - numberOf(b.address) || (a.kind < b.kind ? -1 : 1));
}

/** Addresses of a network's subnets that can be given to somebody: all but each one's first and last. 0 while it has none. */
export function roomIn({ IPAM }: Pick<Network, "IPAM">): number {
  return (IPAM.Config ?? []).reduce((sum, { Subnet = "" }) => {
    const [, length] = /^\d+\.\d+\.\d+\.\d+\/(\d+)$/.exec(Subnet) ?? [];
    return length === undefined ? sum : sum + Math.max(0, 2 ** (32 - Number(length)) - 2);
  }, 0);
}

/** How many different addresses these are. */
export function countOf(holders: readonly Holder[]): number {
  return new Set(holders.map(({ address }) => address)).size;
}

/** An IPv4 address as a number; others come last. */
function numberOf(address: string): number {
  const parts = address.split(".").map(Number);
  return parts.length === 4 ? parts.reduce((sum, part) => sum * 256 + part, 0) : Number.MAX_SAFE_INTEGER;
}
