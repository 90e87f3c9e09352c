import { isWanted, occupiesNode, type Task } from "../model/task.ts";
import type { ReadTx, StoreEvent } from "../store/tx.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  NodeStatus_State as NodeState,
  TaskState,
  UpdateConfig_UpdateOrder as UpdateOrder,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { satisfiesPlacement, satisfiesPlatform } from "./placement.ts";
import { hostPortsOf } from "./scheduler/usage.ts";
import { slotKeyOf, slotsOf, tasksInSlot } from "./slot.ts";
import { wantedIn } from "./slot-state.ts";

/** What must hold after every single commit, whatever happens. Returns what does not. */
export function violations(tx: ReadTx, events: readonly StoreEvent[]): string[] {
  const found: string[] = [];
  for (const event of events) {
    if (event.kind !== "task" || event.action === "remove") continue;
    found.push(...crowdedSlot(tx, event.object));
    if (event.action !== "update") continue;
    const { old, object: task } = event;
    if (task.status.state < old.status.state) found.push(`${task.id} went back to ${TaskState[task.status.state]}`);
    if (task.desiredState < old.desiredState) found.push(`${task.id} is wanted less far gone than before`);
    if (old.nodeId !== "" && task.nodeId !== old.nodeId) found.push(`${task.id} changed its node`);
    if (old.status.state < TaskState.ASSIGNED && task.status.state === TaskState.ASSIGNED)
      found.push(...misplaced(tx, task));
  }
  return found;
}

/** A slot has one wanted task; while it is updated with start-first two. */
function crowdedSlot(tx: ReadTx, task: Task): string[] {
  const service = tx.service.get(task.serviceId);
  if (!service) return [];
  const wanted = tasksInSlot(tx, slotKeyOf(task)).filter(isWanted);
  const orders = [service.spec.update?.order, service.spec.rollback?.order, service.previousSpec?.update?.order];
  const most = orders.includes(UpdateOrder.START_FIRST) ? 2 : 1;
  return wanted.length > most ? [`slot ${slotKeyOf(task)} has ${wanted.length} wanted tasks`] : [];
}

function misplaced(tx: ReadTx, task: Task): string[] {
  const node = tx.node.get(task.nodeId);
  if (!node) return [`${task.id} was assigned to a node that is not there`];
  const found: string[] = [];
  const say = (what: string) => found.push(`${task.id} was assigned to ${node.id}, which ${what}`);
  const { placement } = task.spec;
  if (node.status.state !== NodeState.READY || node.spec.availability !== Availability.ACTIVE) say("takes no tasks");
  if (!satisfiesPlacement(node, placement) || !satisfiesPlatform(node, placement)) say("does not meet its constraints");
  const others = [...tx.task.byNode(node.id)].filter(occupiesNode);
  const reserved = others.reduce((sum, { spec }) => sum + (spec.resources?.reservations?.nanoCpus ?? 0n), 0n);
  const own = task.spec.resources?.reservations?.nanoCpus ?? 0n;
  if (own > 0n && reserved > (node.description?.resources?.nanoCpus ?? 0n)) say("has not the CPUs");
  const ports = others.filter(other => other.id !== task.id).flatMap(hostPortsOf);
  if (hostPortsOf(task).some(port => ports.includes(port))) say("has the port in use");
  const ofService = others.filter(other => other.serviceId === task.serviceId && isWanted(other)).length;
  const most = Number(placement?.maxReplicas ?? 0n);
  if (most > 0 && ofService > most) say("has enough of the service");
  return found;
}

/** Slots that hold more past tasks than are to be kept, and tasks that should not be there at all. */
export function leftovers(tx: ReadTx, retention: number): string[] {
  const found: string[] = [];
  for (const slot of slotsOf(tx.task.all()).values())
    if (slot.tasks.length > Math.max(retention, wantedIn(slot).length)) found.push(`${slot.key}: ${slot.tasks.length}`);
  for (const task of tx.task.all()) if (!tx.service.get(task.serviceId)) found.push(`${task.id} has no service`);
  return found;
}
