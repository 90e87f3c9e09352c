import { isIngress } from "../../model/network.ts";
import type { Task } from "../../model/task.ts";
import type { ContainerWish } from "../../ports/container-networks.ts";
import type { UserContainer, WantedEndpoint } from "../../ports/user-containers.ts";
import { placeOf } from "../addresses.ts";
import { engineNetworkName, networkIdIn } from "../names.ts";

/* What an engine keeps with a container's place on a network of the swarm's, and gives back after any restart. */

/** The attachment (a task) by which the swarm has given the place. */
const attachmentOption = "io.shoal.attachment";
/** The addresses that its user asked for. */
const askedOption = "io.shoal.asked-addresses";
/** What the network is called. */
const networkOption = "io.shoal.network.name";

/** Characters of a container's id that engines make one of its aliases. */
const shortIdLength = 12;

/** A container's place on one of the swarm's networks, as its engine has it. */
export interface Place {
  /** "" for one that nobody of the swarm's has given. */
  readonly taskId: string;
  readonly container: UserContainer;
  readonly engineNetwork: string;
  readonly networkId: string;
  readonly networkName: string;
  readonly wish: ContainerWish;
}

/** Where these containers are. */
export function placesOf(containers: readonly UserContainer[], nodeId: string): Place[] {
  return containers.flatMap(container =>
    [...container.endpoints].flatMap(([engineNetwork, { aliases, options }]) => {
      const networkId = networkIdIn(engineNetwork, nodeId);
      if (networkId === undefined) return [];
      const asked = (options[askedOption] ?? "").split(" ").filter(address => address !== "");
      const { [attachmentOption]: taskId = "", [networkOption]: networkName = networkId } = options;
      return [{ taskId, container, engineNetwork, networkId, networkName, wish: { aliases, asked } }];
    }),
  );
}

/** Addresses that containers with places call from, on whatever network, and the swarm's networks that they are on. */
export function callersOf(places: readonly Place[]): Map<string, string[]> {
  const callers = new Map<string, string[]>();
  for (const { container, networkId } of places)
    for (const address of [...container.endpoints.values()].flatMap(({ addresses }) => addresses))
      callers.set(address, [...(callers.get(address) ?? []), networkId]);
  return callers;
}

/**
 * Addresses that containers with places call from which were made with no name server: on none of the swarm's networks, and came
 * to one later. What their engine asks for them goes to the machine's own name servers.
 */
export function astrayOf(places: readonly Place[]): string[] {
  const late = places.filter(({ container }) => container.nameServers.length === 0);
  const endpoints = late.flatMap(({ container }) => [...container.endpoints.values()]);
  return [...new Set(endpoints.flatMap(({ addresses }) => addresses))].sort();
}

/** Names that a container answers to, the first of which is its own. */
export function namesOf({ id, name }: UserContainer, { aliases }: ContainerWish): string[] {
  return [...new Set([name, ...aliases, id.slice(0, shortIdLength)])];
}

/** What an attachment makes of a container. */
export interface Placing {
  /** The engine's name of the network. */
  readonly network: string;
  readonly endpoint: WantedEndpoint;
  /** Places of the container's that it takes the place of: before it was given one, or when it had another. */
  readonly replaced: readonly string[];
  /** It is so already. */
  readonly isDone: boolean;
}

/** Undefined for an attachment that no network or address was given to. */
export function placingOf(task: Task, container: UserContainer, nodeId: string): Placing | undefined {
  const attachment = task.networks.find(({ network, addresses }) => network && addresses.length > 0);
  const network = attachment?.network;
  if (!attachment || !network) return undefined;
  const name = network.spec?.annotations?.name ?? "";
  const internal = network.spec?.internal ?? false;
  const engineNetwork = engineNetworkName(nodeId, { id: network.id, internal, ingress: isIngress(network) });
  const asked = task.spec.networks.flatMap(({ addresses }) => addresses).join(" ");
  const options = { [attachmentOption]: task.id, [networkOption]: name, ...(asked && { [askedOption]: asked }) };
  const { addresses: fixed, mac } = placeOf(attachment.addresses);
  return {
    network: engineNetwork,
    endpoint: {
      fixed,
      ...(mac !== undefined && { mac }),
      aliases: attachment.aliases.filter(alias => alias !== container.name),
      options,
    },
    replaced: [engineNetwork, name, network.id].filter(each => container.endpoints.has(each)),
    isDone: container.endpoints.get(engineNetwork)?.options[attachmentOption] === task.id,
  };
}
