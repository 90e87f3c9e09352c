import type { Node, Service } from "../model/objects.ts";
import { isTerminal, isWanted, type Task } from "../model/task.ts";
import { findCluster } from "../store/the-cluster.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { taskEventOf } from "./hints.ts";
import type { Context, Decision, Loop } from "./loop.ts";
import { isReachable } from "./placement.ts";
import { retentionOf } from "./retention.ts";
import { isJob } from "./service-mode.ts";
import { serviceIdOf, slotKeyOf, tasksInSlot } from "./slot.ts";
import { withStatus } from "./task-change.ts";
import { isOfUpdate } from "./update-plan.ts";
import type { Write } from "./write.ts";

export interface ReaperObservation {
  readonly service: Service | undefined;
  /** Everything in the slot, oldest first. */
  readonly tasks: readonly Task[];
  /** Tasks to keep in a slot; Infinity for all. */
  readonly retention: number;
  readonly nodeOf: (id: string) => Node | undefined;
}

/** Deletes tasks that are to be removed, and each slot's history beyond the limit. Keys are slots. */
export const reaperLoop: Loop<ReaperObservation> = {
  name: "reaper",
  watches: ["node", "task"],
  keysOf(event, tx) {
    if (event.kind === "node") return [...tx.task.byNode(event.object.id)].filter(isUnwanted).map(slotKeyOf);
    const change = taskEventOf(event);
    if (!change || change.gone) return [];
    return isUnwanted(change.task) || isLeftover(change.task) || !change.old ? [slotKeyOf(change.task)] : [];
  },
  *allKeys(tx) {
    for (const task of tx.task.all()) if (isUnwanted(task) || isLeftover(task)) yield slotKeyOf(task);
  },
  observe(tx, key) {
    return {
      service: tx.service.get(serviceIdOf(key)),
      tasks: tasksInSlot(tx, key),
      retention: retentionOf(findCluster(tx)),
      nodeOf: id => tx.node.get(id),
    };
  },
  decide: decideReaping,
};

function isUnwanted(task: Task): boolean {
  return !isWanted(task);
}

export function decideReaping(observation: ReaperObservation, { now, maxWrites }: Context): Decision {
  const { tasks, nodeOf } = observation;
  const writes: Write[] = [];
  for (const task of tasks) {
    if (isRemovable(task, nodeOf(task.nodeId))) writes.push({ kind: "remove task", id: task.id });
    else if (isUnwanted(task) && task.status.state < TaskState.ASSIGNED) writes.push(closed(task, now));
  }
  for (const task of beyondHistory(observation)) writes.push({ kind: "remove task", id: task.id });
  return { writes: writes.slice(0, maxWrites) };
}

/** To be removed, and nothing of it is left on a node that could still be told so. */
function isRemovable(task: Task, node: Node | undefined): boolean {
  if (task.desiredState !== TaskState.REMOVE && !isLeftover(task)) return false;
  const { state } = task.status;
  return state < TaskState.ASSIGNED || isTerminal(state) || !isReachable(node);
}

/** A network attachment of a container that no service made: nobody asks for its removal when it is over. */
function isLeftover(task: Task): boolean {
  return task.serviceId === "" && isTerminal(task.status.state);
}

/** No agent ever saw it, so none will report that it has stopped. */
function closed(task: Task, now: number): Write {
  const status = { state: TaskState.SHUTDOWN, message: "shut down before it was assigned to a node", err: "" };
  return { kind: "update task", task: withStatus(task, status, now) };
}

/** The oldest of what has ended, as far as the slot holds more than is to be kept. */
function beyondHistory({ service, tasks, retention }: ReaperObservation): Task[] {
  // Of jobs the loop that runs them keeps what is counted.
  if (!service || isJob(service)) return [];
  const kept = tasks.filter(task => task.desiredState !== TaskState.REMOVE);
  const newest = kept.at(-1);
  const past = kept.filter(
    // The newest tells whether the slot is done with, and an update counts its failures in what it made.
    task => isUnwanted(task) && isTerminal(task.status.state) && task !== newest && !isOfUpdate(task, service),
  );
  return past.slice(0, Math.max(0, kept.length - retention));
}
