import type { Network, Node, Service, Task } from "../../src/wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  NodeStatus_State as NodeState,
  TaskState,
  UpdateStatus_UpdateState as UpdateState,
} from "../../src/wire/gen/docker/swarmkit/v1/types_pb.ts";

/** The managers' own objects, all of one moment or nearly so. */
export interface SwarmState {
  readonly nodes: readonly Node[];
  readonly services: readonly Service[];
  readonly tasks: readonly Task[];
  readonly networks: readonly Network[];
}

/** Whether both are the same objects in the same versions. */
export function isSameState(a: SwarmState, b: SwarmState): boolean {
  return versionsOf(a) === versionsOf(b);
}

function versionsOf({ nodes, services, tasks, networks }: SwarmState): string {
  const all = [...nodes, ...services, ...tasks, ...networks];
  return all.map(({ id, meta }) => `${id} ${meta?.version?.index}`).join();
}

/** It has a place on its node and holds its addresses. */
export function hasPlace({ nodeId, status }: Task): boolean {
  const state = status?.state ?? TaskState.NEW;
  return nodeId !== "" && state >= TaskState.ASSIGNED && state <= TaskState.RUNNING;
}

export function isReady({ status, desiredState }: Task): boolean {
  return status?.state === TaskState.RUNNING && desiredState === TaskState.RUNNING;
}

/** The task's (or node's) address on a network, without its length. */
export function addressOn({ networks }: Task, networkId: string): string | undefined {
  return networks.find(({ network }) => network?.id === networkId)?.addresses[0]?.split("/")[0];
}

/** "10.0.1.2/24". */
export function gatewayOn({ attachments }: Node, networkId: string): string | undefined {
  return attachments.find(({ network }) => network?.id === networkId)?.addresses[0];
}

export function nameOf({ spec }: Pick<Service | Network, "spec">): string {
  return spec?.annotations?.name ?? "";
}

/** Why the swarm is not yet where its users want it; undefined when it is. */
export function unsettled({ services, tasks, nodes }: SwarmState): string | undefined {
  const away = nodes.find(({ status }) => status?.state !== NodeState.READY);
  if (away) return `node ${away.id} is not ready`;
  const known = new Set(services.map(({ id }) => id));
  for (const task of tasks)
    if (hasPlace(task) && !(isReady(task) && known.has(task.serviceId)))
      return `task ${task.id} is in state ${task.status?.state} and to be ${task.desiredState}: ${task.status?.err ?? ""}`;
  return services.map(service => unsettledService(service, tasks)).find(reason => reason !== undefined);
}

function unsettledService(service: Service, tasks: readonly Task[]): string | undefined {
  const mode = service.spec?.mode;
  const wanted = mode?.case === "replicated" ? Number(mode.value.replicas) : 0;
  const ready = tasks.filter(task => task.serviceId === service.id && isReady(task));
  if (service.updateStatus?.state === UpdateState.UPDATING) return `${nameOf(service)} is being updated`;
  if (ready.length !== wanted) return `${nameOf(service)} has ${ready.length} of ${wanted} tasks`;
  return undefined;
}
