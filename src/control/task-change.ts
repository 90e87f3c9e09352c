import type { Task } from "../model/task.ts";
import { toTimestamp } from "../model/time.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Write } from "./write.ts";

/** What a loop says of a task that no node answers for (yet, or any more). */
export interface StatusChange {
  readonly state?: TaskState;
  readonly message: string;
  /** Why it is not further; "" when nothing is in the way. */
  readonly err: string;
}

export function withStatus(task: Task, { state = task.status.state, message, err }: StatusChange, now: number): Task {
  return { ...task, status: { ...task.status, state, message, err, timestamp: toTimestamp(now) } };
}

/** The task with a word of the manager's after its own error. It stays in the state it ended in, and ended when it did. */
export function withRemark(task: Task, remark: string): Task {
  const { err } = task.status;
  return { ...task, status: { ...task.status, err: err === "" ? remark : `${err} (${remark})` } };
}

/** Sets what is wanted of the task; nothing when that is wanted already, or more: it only ever goes up. */
export function wanted(task: Task, desiredState: TaskState): Write[] {
  return task.desiredState < desiredState ? [{ kind: "update task", task: { ...task, desiredState } }] : [];
}

/** What the constraint enforcer says of a task that it turns away from its node. */
export const turnedAway = {
  state: TaskState.REJECTED,
  message: "task rejected by constraint enforcer",
  err: "assigned node no longer meets constraints",
} as const;

export const stopped = (task: Task): Write[] => wanted(task, TaskState.SHUTDOWN);
export const removed = (task: Task): Write[] => wanted(task, TaskState.REMOVE);
