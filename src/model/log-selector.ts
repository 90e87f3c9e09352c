import type { LogSelector } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import type { Task } from "./task.ts";

/** Whether a selector asks for a task's log: by itself, by its service or by its node. */
export function selects(selector: LogSelector, task: Pick<Task, "id" | "serviceId" | "nodeId">): boolean {
  return (
    selector.taskIds.includes(task.id) ||
    selector.serviceIds.includes(task.serviceId) ||
    selector.nodeIds.includes(task.nodeId)
  );
}
