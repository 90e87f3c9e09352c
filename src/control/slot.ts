import { assert } from "../lib/assert.ts";
import { versionOf } from "../model/objects.ts";
import { isWanted, type Task } from "../model/task.ts";
import { fromTimestamp } from "../model/time.ts";
import type { ReadTx } from "../store/tx.ts";

/**
 * A slot is one place for a running task: a replica's number, or in a global service the node. Over time many tasks
 * follow each other in it; the store keeps some of the past ones.
 */
export interface Slot {
  readonly key: string;
  /** 0 in global services. */
  readonly number: bigint;
  /** "" in replicated services. */
  readonly nodeId: string;
  readonly tasks: readonly Task[];
}

/** Names a slot across all services: `service/number`, and `service/@node` in global services. */
export function slotKeyOf(task: Task): string {
  return task.slot === 0n ? `${task.serviceId}/@${task.nodeId}` : `${task.serviceId}/${task.slot}`;
}

export function serviceIdOf(slotKey: string): string {
  return slotKey.slice(0, slotKey.indexOf("/"));
}

/** All tasks in a slot, oldest first. */
export function tasksInSlot(tx: ReadTx, slotKey: string): Task[] {
  const at = slotKey.indexOf("/");
  assert(at >= 0, `"${slotKey}" is no slot key`);
  const serviceId = slotKey.slice(0, at);
  const place = slotKey.slice(at + 1);
  if (!place.startsWith("@")) return oldestFirst(tx.task.bySlot(serviceId, BigInt(place)));
  const onNode = [...tx.task.byNode(place.slice(1))];
  return oldestFirst(onNode.filter(task => task.serviceId === serviceId && task.slot === 0n));
}

/** A service's tasks by slot key, the tasks in a slot oldest first. */
export function slotsOf(tasks: Iterable<Task>): Map<string, Slot> {
  const groups = new Map<string, Task[]>();
  for (const task of tasks) {
    const key = slotKeyOf(task);
    const group = groups.get(key);
    if (group) group.push(task);
    else groups.set(key, [task]);
  }
  const slots = new Map<string, Slot>();
  for (const [key, group] of groups) {
    const [first] = group;
    assert(first, "a group has a first task");
    const nodeId = first.slot === 0n ? first.nodeId : "";
    slots.set(key, { key, number: first.slot, nodeId, tasks: oldestFirst(group) });
  }
  return slots;
}

/** When the task was created, in milliseconds; its age among its like. */
export function createdAt(task: Task): number {
  return fromTimestamp(task.meta.createdAt) ?? 0;
}

/**
 * When the task came into its present state, in milliseconds: by the manager's clock where it was noted, else by the
 * node's, which may be wrong.
 */
export function stateSince(task: Task): number {
  return fromTimestamp(task.status.appliedAt ?? task.status.timestamp) ?? createdAt(task);
}

/** Tasks created at the same moment stand in order of their last write: what ended before it was replaced comes first. */
function oldestFirst(tasks: Iterable<Task>): Task[] {
  return [...tasks].sort(
    (a, b) =>
      createdAt(a) - createdAt(b) || Number(isWanted(a)) - Number(isWanted(b)) || Number(versionOf(a) - versionOf(b)),
  );
}
