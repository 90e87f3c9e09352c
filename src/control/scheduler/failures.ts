import type { Task } from "../../model/task.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { stateSince } from "../slot.ts";

/** Failures of a service on a node count for this long. SwarmKit: five minutes. */
export const failureWindowMs = 300_000;
/** So many failures within the window, and other nodes are preferred. */
export const maxRecentFailures = 5;

const noFailures: ReadonlyMap<string, number> = new Map();

/** Which services' tasks failed on which nodes lately. A new version of a service starts without blame. */
export class Failures {
  /** By service version, then node: the time of each task's failure, by task. */
  readonly #times = new Map<string, Map<string, Map<string, number>>>();

  /** Notes the task if it has failed. May be called again with the same task. */
  note(task: Task): void {
    const { state } = task.status;
    if (task.nodeId === "" || (state !== TaskState.FAILED && state !== TaskState.REJECTED)) return;
    const key = keyOf(task);
    const ofService = this.#times.get(key) ?? new Map<string, Map<string, number>>();
    const times = ofService.get(task.nodeId) ?? new Map<string, number>();
    this.#times.set(key, ofService.set(task.nodeId, times.set(task.id, stateSince(task))));
  }

  /** How often the task's service failed lately, by node; nodes where that is no reason to avoid them are left out. */
  weigh(task: Task, now: number): ReadonlyMap<string, number> {
    const ofService = this.#times.get(keyOf(task));
    if (!ofService) return noFailures;
    const blamed = new Map<string, number>();
    for (const [nodeId, times] of ofService) {
      let recent = 0;
      for (const time of times.values()) if (time > now - failureWindowMs) recent++;
      if (recent >= maxRecentFailures) blamed.set(nodeId, recent);
    }
    return blamed;
  }

  /** Forgets what counts no longer. */
  prune(now: number): void {
    for (const [key, ofService] of this.#times) {
      for (const [nodeId, times] of ofService) {
        for (const [taskId, time] of times) if (time <= now - failureWindowMs) times.delete(taskId);
        if (times.size === 0) ofService.delete(nodeId);
      }
      if (ofService.size === 0) this.#times.delete(key);
    }
  }
}

function keyOf(task: Task): string {
  return `${task.serviceId}/${task.specVersion?.index ?? ""}`;
}
