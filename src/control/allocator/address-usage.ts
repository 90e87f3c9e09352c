import type { ReadTx } from "../../store/tx.ts";
import { type Holding, holdingsOfNode, holdingsOfService, holdingsOfTask } from "./holdings.ts";
import { NetworkPools } from "./network-pools.ts";

/** How many addresses of a network there are to give, and how many of them are held. Where there are two families, IPv4's. */
export interface AddressUsage {
  readonly networkId: string;
  readonly name: string;
  readonly capacity: number;
  readonly inUse: number;
}

/** The same of every network that has addresses. Looks at every object, and no closer than to count. */
export function addressUsage(tx: ReadTx): AddressUsage[] {
  const held = new Map<string, number>();
  const count = (holdings: readonly Holding[]): void => {
    for (const { networkId, address } of holdings)
      if (!address.includes(":")) held.set(networkId, (held.get(networkId) ?? 0) + 1);
  };
  for (const node of tx.node.all()) count(holdingsOfNode(node));
  for (const service of tx.service.all()) count(holdingsOfService(service));
  for (const task of tx.task.all()) count(holdingsOfTask(task));
  return [...tx.network.all()].flatMap(network => {
    if ((network.ipam?.configs.length ?? 0) === 0) return [];
    const { capacity } = new NetworkPools(network);
    const { id: networkId, spec } = network;
    return [{ networkId, name: spec.annotations.name, capacity, inUse: held.get(networkId) ?? 0 }];
  });
}
