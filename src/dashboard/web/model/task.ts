import type { Node, Service, Task, TaskState } from "./objects.ts";
import type { Swarm } from "./swarm.ts";

/** How a task is shown: one shape and colour each. */
const allLooks = ["running", "starting", "waiting", "failed", "stopped", "done"] as const;
export type Look = (typeof allLooks)[number];

const looks: Readonly<Record<TaskState, Look>> = {
  new: "waiting",
  pending: "waiting",
  assigned: "starting",
  accepted: "starting",
  preparing: "starting",
  ready: "starting",
  starting: "starting",
  running: "running",
  complete: "done",
  shutdown: "stopped",
  remove: "stopped",
  failed: "failed",
  rejected: "failed",
  orphaned: "failed",
};

/** How a task is shown. */
export function lookOf(task: Task): Look {
  return looks[task.State];
}

/** How many tasks look how, those that run first. */
export function countLooks(tasks: Iterable<Task>): [Look, number][] {
  const counts = new Map<Look, number>();
  for (const task of tasks) counts.set(lookOf(task), (counts.get(lookOf(task)) ?? 0) + 1);
  return allLooks.flatMap(look => {
    const count = counts.get(look);
    return count === undefined ? [] : [[look, count]];
  });
}

/** Whether it still counts: it runs, or is to. */
export function isCurrent(task: Task): boolean {
  return isWanted(task) && !["stopped", "failed", "done"].includes(lookOf(task));
}

/** Whether the swarm wants it: not one that was replaced, scaled away or given up. */
export function isWanted({ DesiredState }: Task): boolean {
  return !["shutdown", "remove", "failed", "rejected", "orphaned"].includes(DesiredState);
}

/** "web.3", as `docker service ps` calls it; a global service's task has its node's name in the slot's place. */
export function taskName(task: Task, service: Service | undefined, node: Node | undefined): string {
  const place = task.Slot ?? (node ? nodeName(node) : (task.NodeID ?? "?"));
  return `${service?.Spec.Name ?? task.ServiceID ?? "task"}.${place}`;
}

/** What people call a node. */
export function nodeName(node: Node): string {
  return node.Spec.Name || node.Description.Hostname || node.ID.slice(0, 12);
}

/** "" for a node that is not known. */
export function nameOfNode(swarm: Swarm, id: string): string {
  const node = swarm.get("node", id);
  return node ? nodeName(node) : "";
}

/** What the swarm says of it, most telling first. */
export function reasonOf({ Err, Message, ExitCode }: Task): string {
  if (Err) return Err;
  if (ExitCode) return `exited with status ${ExitCode}`;
  return Message ?? "";
}
