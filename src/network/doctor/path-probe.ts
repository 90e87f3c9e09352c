import type { NetProbes } from "../../ports/net-probes.ts";
import { placeOn } from "../addresses.ts";
import type { LocalNetwork } from "../local-networks.ts";
import type { Plane } from "../plane-state.ts";
import type { Self } from "../self.ts";

/** Bytes of a packet that gets through anywhere (RFC 791: 576), unless nothing does. */
const smallBytes = 576;
/** How exactly the largest packet that gets through is looked for, in bytes. */
const precisionBytes = 8;

/** A way to another node. */
export interface Path {
  readonly nodeId: string;
  /** Its host name. */
  readonly node: string;
  /** The network's name; "" for the underlay. */
  readonly network: string;
  readonly from: string;
  readonly to: string;
  /** Bytes of the largest packet that this machine sends there. */
  readonly mtu: number;
}

export interface ProbedPath extends Path {
  /** Bytes of the largest packet that was answered; 0 for none. */
  readonly reached: number;
}

/** To every other node by the underlay, and by each network that both are on. Not to nodes that are known to be away. */
export function pathsOf(
  plane: Plane,
  networks: readonly LocalNetwork[],
  self: Self,
  away: ReadonlySet<string>,
): Path[] {
  const others = [...plane.nodes.values()].filter(({ id, dataAddress }) => dataAddress !== "" && !away.has(id));
  return others.flatMap(({ id: nodeId, hostname, dataAddress, attachments }) => {
    const node = hostname || nodeId;
    const underlay = { nodeId, node, network: "", from: self.address, to: dataAddress, mtu: self.underlayMtu };
    const overlays = networks.flatMap(({ network, gateways, mtu }): Path[] => {
      const [to] = placeOn(attachments, network.id).addresses;
      const from = gateways.find(address => address.includes(":") === to?.includes(":"));
      if (from === undefined || to === undefined) return [];
      return [{ nodeId, node, network: network.name, from, to, mtu }];
    });
    return [underlay, ...overlays];
  });
}

/** Finds out how large a packet may be: the largest first, which is all there is to do on a path that is well. */
export async function probe(path: Path, probes: Pick<NetProbes, "reach">): Promise<ProbedPath> {
  const passes = async (bytes: number): Promise<boolean> =>
    (await probes.reach(path.from, path.to, bytes)).kind === "answered";
  if (await passes(path.mtu)) return { ...path, reached: path.mtu };
  if (!(await passes(smallBytes))) return { ...path, reached: 0 };
  let [reached, lost] = [smallBytes, path.mtu];
  while (lost - reached > precisionBytes) {
    const bytes = Math.floor((reached + lost) / 2);
    if (await passes(bytes)) reached = bytes;
    else lost = bytes;
  }
  return { ...path, reached };
}
