import { isTerminal, type Task } from "../model/task.ts";
import type { StoreEvent } from "../store/tx.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** The task that an event is about, with its state before. */
export interface TaskEvent {
  readonly task: Task;
  readonly old: Task | undefined;
  readonly gone: boolean;
}

export function taskEventOf(event: StoreEvent): TaskEvent | undefined {
  if (event.kind !== "task") return undefined;
  const old = event.action === "update" ? event.old : undefined;
  return { task: event.object, old, gone: event.action === "remove" };
}

/** Whether the task has just begun to run. */
export function cameUp({ task, old }: TaskEvent): boolean {
  return task.status.state === TaskState.RUNNING && old?.status.state !== TaskState.RUNNING;
}

/** Whether the task appeared, disappeared, ended, or is wanted otherwise than before: progress alone is no matter. */
export function countsDifferently({ task, old, gone }: TaskEvent): boolean {
  if (!old || gone) return true;
  return old.desiredState !== task.desiredState || isTerminal(old.status.state) !== isTerminal(task.status.state);
}
