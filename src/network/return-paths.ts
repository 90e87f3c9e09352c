import { contains, parseCidr, parseIp } from "../lib/ip.ts";
import { type ReturnPath, returnKey } from "../ports/net-ops.ts";
import type { PlaneNetwork, PlaneNode } from "../wire/gen/shoal/v1/network_pb.ts";
import { placeOn } from "./addresses.ts";

/** The mark's number begins at this bit. */
const markShift = 20;
/** Nodes that can be told apart, by the last bits of their ingress addresses. */
const markLimit = 0xfff;

/** A node that may hand connections on to this one over the ingress network. */
export interface Sender {
  readonly mac: string;
  readonly mark: number;
  readonly addresses: readonly string[];
}

/** The other nodes on the ingress network. Whose mark is a number of its own as long as the subnet is no wider than /20. */
export function sendersOn(ingress: PlaneNetwork, nodes: Iterable<PlaneNode>): Sender[] {
  const senders: Sender[] = [];
  for (const node of nodes) {
    const { addresses, mac } = placeOn(node.attachments, ingress.id);
    const number = addresses.map(address => hostNumber(ingress, address)).find(each => each !== undefined);
    if (mac === undefined || number === undefined) continue;
    senders.push({ mac, mark: markOf(number), addresses });
  }
  return senders;
}

/**
 * Replies to a connection that came in by another node go back to that node, which rewrites their source: so a container
 * sees the client's own address, and the client the address that it called.
 */
export function returnPaths(senders: readonly Sender[], device: string): Map<string, ReturnPath> {
  const paths = new Map<string, ReturnPath>();
  for (const { mark, addresses } of senders)
    for (const via of addresses) {
      const path: ReturnPath = { mark, family: via.includes(":") ? 6 : 4, via, device };
      paths.set(returnKey(path), path);
    }
  return paths;
}

function markOf(number: number): number {
  return number * 2 ** markShift;
}

function hostNumber(network: PlaneNetwork, address: string): number | undefined {
  const ip = parseIp(address);
  for (const { cidr } of network.subnets) {
    const subnet = parseCidr(cidr);
    if (subnet && ip && contains(subnet, ip)) return Number((ip.value - subnet.value) & BigInt(markLimit));
  }
  return undefined;
}
