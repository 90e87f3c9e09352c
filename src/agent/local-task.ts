import { create } from "@bufbuild/protobuf";
import type { Task } from "../model/task.ts";
import { toTimestamp } from "../model/time.ts";
import type { Instance } from "../ports/runtime.ts";
import { type TaskState, type TaskStatus, TaskStatusSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { StopCause } from "./step.ts";

/** What the agent itself knows of a task: what it says to the managers, and why it stopped it if it did. */
export interface LocalTask {
  readonly status: TaskStatus;
  readonly stopCause: StopCause;
}

/** Where to begin: with what was noted before a restart, unless a manager knows of more. */
export function beginning(task: Task, noted: LocalTask | undefined): LocalTask {
  if (noted && noted.status.state >= task.status.state) return noted;
  return { status: task.status, stopCause: noted?.stopCause ?? "" };
}

/** A task's next status. An empty message keeps the one before. */
export function nextStatus(
  before: TaskStatus,
  next: { readonly state: TaskState; readonly message: string; readonly err: string },
  instance: Instance | undefined,
  nowMs: number,
): TaskStatus {
  const { containerId = "", pid = 0, exitCode = 0, ports = [] } = instance ?? {};
  return create(TaskStatusSchema, {
    timestamp: toTimestamp(nowMs),
    state: next.state,
    message: next.message === "" ? before.message : next.message,
    err: next.err,
    runtimeStatus: instance ? { case: "container", value: { containerId, pid, exitCode } } : before.runtimeStatus,
    ...(ports.length > 0 ? { portStatus: { ports: [...ports] } } : {}),
  });
}
