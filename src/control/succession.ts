import type { Node } from "../model/objects.ts";
import { isWanted, occupiesNode, type Task } from "../model/task.ts";
import { fromDuration } from "../model/time.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Decision } from "./loop.ts";
import { isReachable } from "./placement.ts";
import { createdAt } from "./slot.ts";
import { notesOf } from "./task-notes.ts";
import type { Write } from "./write.ts";

/** How long a successor waits for a task that does not stop, at least. SwarmKit: one minute. */
export const stopTimeoutMs = 60_000;
/** Given beyond the task's own grace period before it counts as not stopping. */
const stopMarginMs = 10_000;
/** Docker's grace period where the spec has none. */
const defaultGraceMs = 10_000;

export type NodeOf = (id: string) => Node | undefined;

/**
 * What a new task in a slot starts with: a task that still stops there must be gone first, so its successor is only made
 * ready, and started by `startReady`.
 */
export function birthState(inSlot: readonly Task[]): TaskState.READY | TaskState.RUNNING {
  return inSlot.some(stillStopping) ? TaskState.READY : TaskState.RUNNING;
}

/** Starts the tasks in a slot that are kept ready, once their delay is over and their predecessors are gone. */
export function startReady(inSlot: readonly Task[], nodeOf: NodeOf, now: number): Decision {
  const writes: Write[] = [];
  const waits: number[] = [];
  for (const task of inSlot) {
    if (task.desiredState !== TaskState.READY || task.status.state > TaskState.RUNNING) continue;
    const wait = Math.max((notesOf(task).startAfter ?? 0) - now, waitForOthers(task, inSlot, nodeOf, now));
    if (wait > 0) waits.push(wait);
    else writes.push({ kind: "update task", task: { ...task, desiredState: TaskState.RUNNING } });
  }
  return waits.length === 0 ? { writes } : { writes, lookAgainMs: Math.min(...waits) };
}

/** Milliseconds until the task need not wait any longer for what stops in its slot; 0 when nothing does. */
function waitForOthers(task: Task, inSlot: readonly Task[], nodeOf: NodeOf, now: number): number {
  const stopping = inSlot.filter(other => stillStopping(other) && isReachable(nodeOf(other.nodeId)));
  return Math.max(0, ...stopping.map(other => createdAt(task) + stopLimitMs(other) - now));
}

/** How long a successor waits for the task to stop, at most. */
export function stopLimitMs(task: Task): number {
  const { runtime } = task.spec;
  const grace = runtime.case === "container" ? fromDuration(runtime.value.stopGracePeriod) : undefined;
  return Math.max(stopTimeoutMs, (grace ?? defaultGraceMs) + stopMarginMs);
}

function stillStopping(task: Task): boolean {
  return !isWanted(task) && occupiesNode(task);
}
