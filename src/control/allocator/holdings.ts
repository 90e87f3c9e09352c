import type { Node, Service } from "../../model/objects.ts";
import { isTerminal, type Task } from "../../model/task.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** An address that an object has on a network. */
export interface Holding {
  readonly networkId: string;
  /** With the subnet's length. */
  readonly address: string;
}

const none: readonly Holding[] = [];

/** A task holds its addresses until its container has ended: what holds none, nothing can leak. */
export function holdingsOfTask(task: Task | undefined): readonly Holding[] {
  if (!task || isTerminal(task.status.state)) return none;
  return addressesOfTask(task);
}

/** The addresses that the task has, or had. */
export function addressesOfTask({ networks }: Task): readonly Holding[] {
  if (networks.length === 0) return none;
  return networks.flatMap(({ network, addresses }) =>
    network ? addresses.map(address => ({ networkId: network.id, address })) : [],
  );
}

export function holdingsOfService(service: Service | undefined): readonly Holding[] {
  const addresses = service?.endpoint?.virtualIps ?? [];
  return addresses.map(({ networkId, addr }) => ({ networkId, address: addr }));
}

export function holdingsOfNode(node: Node | undefined): readonly Holding[] {
  return (node?.attachments ?? []).flatMap(({ network, addresses }) =>
    network ? addresses.map(address => ({ networkId: network.id, address })) : [],
  );
}

/** Whether the task has addresses and no node yet: wherever it goes, that node may need one too. */
export function isUnplaced(task: Task | undefined): boolean {
  return task !== undefined && task.networks.length > 0 && task.status.state < TaskState.ASSIGNED;
}

/** The networks that the task is on, each once. */
export function networksOfTask({ networks }: Task): string[] {
  return networks.flatMap(({ network }) => network?.id ?? []);
}
