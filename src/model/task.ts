import type { Meta, Task as WireTask } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { TaskSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { Annotations, TaskStatus } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** A task as the store holds it: SwarmKit's message with the parts that every task has. */
export type Task = WireTask & {
  readonly meta: Meta;
  readonly spec: TaskSpec;
  readonly status: TaskStatus;
  readonly annotations: Annotations;
  readonly serviceAnnotations: Annotations;
};

/** Reached when the container has ended or never will run; the state does not change any more except to REMOVE. */
export function isTerminal(state: TaskState): boolean {
  return state > TaskState.RUNNING;
}

/** Whether the task is wanted to run (or to be kept ready), now or later; a job's to run to its end. */
export function isWanted(task: Task): boolean {
  return task.desiredState <= TaskState.COMPLETE;
}

/** Wanted and not ended: counts towards its service's replicas. */
export function isLive(task: Task): boolean {
  return isWanted(task) && task.status.state <= TaskState.RUNNING;
}

/** Whether the task occupies its node: assigned, and its container may still be there. */
export function occupiesNode(task: Task): boolean {
  return task.nodeId !== "" && task.status.state >= TaskState.ASSIGNED && task.status.state <= TaskState.RUNNING;
}

/** Whether it stands for a container that no service made, and its place on one network. */
export function isAttachment({ spec }: Task): boolean {
  return spec.runtime.case === "attachment";
}

/** The name Docker gives a task's container: `service.slot.taskid`, with the node id for global services' slot. */
export function taskName(task: Task): string {
  return `${task.serviceAnnotations.name}.${task.slot === 0n ? task.nodeId : task.slot}.${task.id}`;
}
