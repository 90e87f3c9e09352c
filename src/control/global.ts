import type { Cluster, Node, Service } from "../model/objects.ts";
import { isWanted, type Task } from "../model/task.ts";
import { findCluster } from "../store/the-cluster.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { countsDifferently, taskEventOf } from "./hints.ts";
import type { Context, Decision, Loop } from "./loop.ts";
import { isInService, satisfiesPlacement, satisfiesPlatform } from "./placement.ts";
import { modeOf } from "./service-mode.ts";
import { slotsOf } from "./slot.ts";
import { slotStateOf } from "./slot-state.ts";
import { birthState } from "./succession.ts";
import { stopped } from "./task-change.ts";
import { newTask } from "./task-factory.ts";
import type { Write } from "./write.ts";

export interface GlobalObservation {
  readonly service: Service;
  readonly cluster: Cluster | undefined;
  readonly nodes: readonly Node[];
  readonly tasks: readonly Task[];
}

/** Keeps one task of each global service on every node that suits it. Keys are service ids. */
export const globalLoop: Loop<GlobalObservation> = {
  name: "global",
  watches: ["service", "node", "task"],
  keysOf(event, tx) {
    if (event.kind === "service") return [event.object.id];
    if (event.kind === "node") return globalServices(tx.service.all());
    const change = taskEventOf(event);
    const isGlobal = change && change.task.serviceId !== "" && change.task.slot === 0n;
    return isGlobal && countsDifferently(change) ? [change.task.serviceId] : [];
  },
  allKeys: tx => globalServices(tx.service.all()),
  observe(tx, key) {
    const service = tx.service.get(key);
    if (!service || modeOf(service).kind !== "global") return undefined;
    const tasks = [...tx.task.byService(key)];
    return { service, cluster: findCluster(tx), nodes: [...tx.node.all()], tasks };
  },
  decide: decideGlobal,
};

function* globalServices(services: Iterable<Service>): Iterable<string> {
  for (const service of services) if (modeOf(service).kind === "global") yield service.id;
}

export function decideGlobal({ service, cluster, nodes, tasks }: GlobalObservation, context: Context): Decision {
  const suiting = new Map(nodes.filter(node => suits(node, service)).map(node => [node.id, node]));
  const slots = new Map([...slotsOf(tasks).values()].map(slot => [slot.nodeId, slot]));
  const writes: Write[] = tasks.filter(task => isWanted(task) && !suiting.has(task.nodeId)).flatMap(stopped);
  for (const node of suiting.values()) {
    const slot = slots.get(node.id);
    if (node.spec.availability !== Availability.ACTIVE || (slot && slotStateOf(slot, service) !== "empty")) continue;
    const task = newTask(service, { nodeId: node.id }, birthState(slot?.tasks ?? []), { ...context, cluster });
    writes.push({ kind: "create task", task });
  }
  return { writes: writes.slice(0, context.maxWrites) };
}

/** Whether the service should have a task on the node. */
export function suits(node: Node | undefined, service: Service): boolean {
  const { placement } = service.spec.task;
  return isInService(node) && satisfiesPlacement(node, placement) && satisfiesPlatform(node, placement);
}
