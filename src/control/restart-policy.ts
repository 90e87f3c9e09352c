import type { Task } from "../model/task.ts";
import { fromDuration } from "../model/time.ts";
import { RestartPolicy_RestartCondition as Condition, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { stateSince } from "./slot.ts";
import { turnedAway } from "./task-change.ts";
import { notesOf, type TaskNotes } from "./task-notes.ts";

/** SwarmKit's delay where the policy has none. */
export const defaultRestartDelayMs = 5_000;

export function restartDelayMs(task: Task): number {
  return fromDuration(task.spec.restart?.delay) ?? defaultRestartDelayMs;
}

/** Whether the policy that the task was made with allows another one after it. */
export function mayRestart(task: Task): boolean {
  const policy = task.spec.restart;
  const condition = policy?.condition ?? Condition.ANY;
  if (condition === Condition.NONE) return false;
  if (condition === Condition.ON_FAILURE && task.status.state === TaskState.COMPLETE) return false;
  if (!endedByItself(task)) return true;
  const attempts = Number(policy?.maxAttempts ?? 0n);
  return attempts === 0 || restartsCounted(task, fromDuration(policy?.window) ?? 0) < attempts;
}

/** Restarts that led to the task: all, or with a window those made in it before the task ended. */
function restartsCounted(task: Task, windowMs: number): number {
  const { restarts = 0, restartTimes = [] } = notesOf(task);
  if (windowMs === 0) return restarts;
  const since = stateSince(task) - windowMs;
  return restartTimes.filter(time => time > since).length;
}

/** Whether it was the task's own doing that it does not run: it was not stopped, and did not have to leave its node. */
export function endedByItself(task: Task): boolean {
  const { state } = task.status;
  return (
    state === TaskState.COMPLETE || state === TaskState.FAILED || (state === TaskState.REJECTED && !hadToLeave(task))
  );
}

/** Whether the task lost its node for good, or its node did not suit it any more. */
export function hadToLeave({ status: { state, message } }: Task): boolean {
  return state === TaskState.ORPHANED || (state === TaskState.REJECTED && message === turnedAway.message);
}

/** What to note on the task that replaces one that ended. */
export function restartNotes(ended: Task, replacement: Task, now: number): TaskNotes {
  const limited = (replacement.spec.restart?.maxAttempts ?? 0n) > 0n;
  if (!limited || !endedByItself(ended)) return moveNotes(ended, replacement);
  const { restarts = 0, restartTimes = [] } = moveNotes(ended, replacement);
  return { restarts: restarts + 1, restartTimes: [...restartTimes, now] };
}

/** What to note on the task that replaces one that was moved: the count stands. A new spec starts a new one. */
export function moveNotes(moved: Task, replacement: Task): TaskNotes {
  if (moved.specVersion?.index !== replacement.specVersion?.index) return {};
  const { restarts, restartTimes } = notesOf(moved);
  return { ...(restarts !== undefined && { restarts }), ...(restartTimes && { restartTimes }) };
}
