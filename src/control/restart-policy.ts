import { serviceLabels } from "../model/shoal-labels.ts";
import type { Task } from "../model/task.ts";
import { fromDuration } from "../model/time.ts";
import { RestartPolicy_RestartCondition as Condition, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { createdAt, stateSince } from "./slot.ts";
import { stopped, turnedAway, withRemark } from "./task-change.ts";
import { notesOf, type TaskNotes } from "./task-notes.ts";
import type { Write } from "./write.ts";

/** SwarmKit's delay where the policy has none. */
export const defaultRestartDelayMs = 5_000;

/** A task that failed sooner after it could start has crashed: what it needs is not there, or it is broken. */
export const crashLimitMs = 10_000;
/**
 * Crashes in a row after which the delay doubles with each one. Before that the policy's delay is kept exactly, and one
 * that limits attempts is kept to the end: longer gaps would let it try more often than it says.
 */
export const crashesBeforeBackoff = 10;
/** The delay doubles up to this; a policy's longer one stands. */
export const longestBackoffMs = 60_000;

/** How long to wait before a task that has ended is followed by another one. */
export function restartDelayMs(ended: Task): number {
  const delay = fromDuration(ended.spec.restart?.delay) ?? defaultRestartDelayMs;
  const beyond = crashesUpTo(ended) - crashesBeforeBackoff;
  if (!backsOff(ended) || delay >= longestBackoffMs) return delay;
  // A policy without a delay begins with a second: nothing doubles to nothing.
  return Math.min(longestBackoffMs, Math.max(delay, 1_000) * 2 ** beyond);
}

/** Stops what has a successor; a task that crashes again and again says for how long that one is held back. */
export function stoppedForSuccessor(task: Task): Write[] {
  if (!backsOff(task)) return stopped(task);
  const crashes = crashesUpTo(task);
  const seconds = Math.round(restartDelayMs(task) / 1000);
  return stopped(withRemark(task, `failed ${crashes} times in a row, next try after ${seconds} s`));
}

function backsOff(ended: Task): boolean {
  const limited = (ended.spec.restart?.maxAttempts ?? 0n) > 0n;
  return !limited && crashesUpTo(ended) > crashesBeforeBackoff;
}

/** Crashes in a row that led to the task's end, its own included. */
function crashesUpTo(ended: Task): number {
  return hasCrashed(ended) ? (notesOf(ended).crashes ?? 0) + 1 : 0;
}

function hasCrashed(ended: Task): boolean {
  if (!endedByItself(ended) || ended.status.state === TaskState.COMPLETE) return false;
  const couldStart = Math.max(createdAt(ended), notesOf(ended).startAfter ?? 0);
  return stateSince(ended) - couldStart < crashLimitMs;
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
  const { crashes: _, ...notes } = moveNotes(ended, replacement);
  const crashes = hasSameSpec(ended, replacement) ? crashesUpTo(ended) : 0;
  const counted = { ...notes, ...(crashes > 0 && { crashes }) };
  const limited = (replacement.spec.restart?.maxAttempts ?? 0n) > 0n;
  if (!limited || !endedByItself(ended)) return counted;
  const { restarts = 0, restartTimes = [] } = counted;
  return { ...counted, restarts: restarts + 1, restartTimes: [...restartTimes, now] };
}

/** What to note on the task that replaces one that was moved: the counts stand. A new spec starts new ones. */
export function moveNotes(moved: Task, replacement: Task): TaskNotes {
  if (!hasSameSpec(moved, replacement)) return {};
  const { restarts, restartTimes, crashes } = notesOf(moved);
  return {
    ...(restarts !== undefined && { restarts }),
    ...(restartTimes && { restartTimes }),
    ...(crashes !== undefined && { crashes }),
    ...(hasWaited(moved) && { replaces: true }),
  };
}

/** Whether all that its service depends on was there for the task, or one before it. */
function hasWaited(task: Task): boolean {
  if (task.serviceAnnotations.labels[serviceLabels.dependsOn] === undefined) return false;
  return task.status.state >= TaskState.ASSIGNED || notesOf(task).replaces === true;
}

function hasSameSpec(a: Task, b: Task): boolean {
  return a.specVersion?.index === b.specVersion?.index;
}
