import { Fault } from "../../lib/fault.ts";
import { isIngress, isOverlay } from "../../model/network.ts";
import type { Task } from "../../model/task.ts";
import { placeOf } from "../../network/addresses.ts";
import { engineNetworkName } from "../../network/names.ts";
import type { NetworkAttachment } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { EndpointSettings } from "./types.ts";

/** Whether tasks can be on the swarm's networks here. */
export type TaskNetworks =
  | { readonly available: true; nameServers(networkIds: readonly string[]): readonly string[] }
  /** Why they cannot. */
  | { readonly available: false; readonly reason: string };

/** A container's place on one of the swarm's networks. */
export interface TaskEndpoint {
  /** The engine's name of the network. */
  readonly network: string;
  /** The swarm's id of it. */
  readonly networkId: string;
  readonly settings: EndpointSettings;
}

/**
 * The places that the swarm has given to the task. Fault invalid_argument for one that needs them where there are none;
 * published ports alone are no such need, for nobody is sent to a node that does not take part.
 */
export function taskEndpoints(task: Task, nodeId: string, networks: TaskNetworks): TaskEndpoint[] {
  const wanted = overlays(task);
  if (networks.available) return wanted.map(attachment => endpoint(attachment, nodeId));
  const needed = wanted.find(({ network }) => network && !isIngress(network));
  if (!needed) return [];
  const name = needed.network?.spec?.annotations?.name ?? "";
  throw new Fault(
    "invalid_argument",
    `Cannot connect to network ${JSON.stringify(name)}: this node has no overlay networks: ${networks.reason}`,
  );
}

/** The ingress network comes last: a container is known by its address on one of its own. */
function overlays(task: Task): NetworkAttachment[] {
  const all = task.networks.filter(({ network, addresses }) => network && isOverlay(network) && addresses.length > 0);
  const ingressLast = ({ network }: NetworkAttachment): number => (network && isIngress(network) ? 1 : 0);
  return all.sort((a, b) => ingressLast(a) - ingressLast(b));
}

function endpoint({ network, addresses }: NetworkAttachment, nodeId: string): TaskEndpoint {
  const { addresses: bare, mac } = placeOf(addresses);
  const ipv4 = bare.find(address => !address.includes(":"));
  const ipv6 = bare.find(address => address.includes(":"));
  const networkId = network?.id ?? "";
  const internal = network?.spec?.internal ?? false;
  return {
    network: engineNetworkName(nodeId, { id: networkId, internal, ingress: network ? isIngress(network) : false }),
    networkId,
    settings: {
      IPAMConfig: { ...(ipv4 && { IPv4Address: ipv4 }), ...(ipv6 && { IPv6Address: ipv6 }) },
      ...(mac !== undefined && { MacAddress: mac }),
    },
  };
}
