import type { Task } from "../../model/task.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { stateSince } from "../slot.ts";

/** Failures of a service on a node count for this long. SwarmKit: five minutes. */
export const failureWindowMs = 300_000;
/** So many failures within the window, and other nodes are preferred. */
export const maxRecentFailures = 5;

/** Which services' tasks failed on which nodes lately. A new version of a service starts without blame. */
export class Failures {
  /** By node and service version; the time of each task's failure, by task. */
  readonly #times = new Map<string, Map<string, number>>();

  /** Notes the task if it has failed. May be called again with the same task. */
  note(task: Task): void {
    const { state } = task.status;
    if (task.nodeId === "" || (state !== TaskState.FAILED && state !== TaskState.REJECTED)) return;
    const key = keyOf(task.nodeId, task);
    const times = this.#times.get(key) ?? new Map<string, number>();
    this.#times.set(key, times.set(task.id, stateSince(task)));
  }

  /** How often the task's service failed on the node lately; 0 while that is no reason to avoid it. */
  weigh(nodeId: string, task: Task, now: number): number {
    let recent = 0;
    for (const time of this.#times.get(keyOf(nodeId, task))?.values() ?? []) if (time > now - failureWindowMs) recent++;
    return recent >= maxRecentFailures ? recent : 0;
  }

  /** Forgets what counts no longer. */
  prune(now: number): void {
    for (const [key, times] of this.#times) {
      for (const [taskId, time] of times) if (time <= now - failureWindowMs) times.delete(taskId);
      if (times.size === 0) this.#times.delete(key);
    }
  }
}

function keyOf(nodeId: string, task: Task): string {
  return `${nodeId}/${task.serviceId}/${task.specVersion?.index ?? ""}`;
}
