import type { Service } from "../model/objects.ts";
import { isLive, isTerminal, isWanted, occupiesNode, type Task } from "../model/task.ts";
import { fromTimestamp } from "../model/time.ts";
import { type JobStatus, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { isInService, isReachable } from "./placement.ts";
import { endedByItself, mayRestart, restartDelayMs } from "./restart-policy.ts";
import { createdAt, stateSince } from "./slot.ts";
import { type NodeOf, stopLimitMs } from "./succession.ts";

/**
 * How far one part of a job is, a completion or a node:
 * `done`, `active`: a task is on its way, `given up`: the last task failed and its policy allows no other, `open`: to be
 * started, again after `former` if there is one, `waiting`: to be started, but not before so many milliseconds.
 */
export type JobPart =
  | { readonly kind: "done" | "active" | "given up" }
  | { readonly kind: "open"; readonly former: Task | undefined }
  | { readonly kind: "waiting"; readonly ms: number };

/** Which run of its job a task belongs to, or the job is in: it is counted up at each update. */
export function iterationOf({ jobIteration }: Pick<Task | JobStatus, "jobIteration">): bigint {
  return jobIteration?.index ?? 0n;
}

export function currentIteration(service: Service): bigint {
  return service.jobStatus ? iterationOf(service.jobStatus) : 0n;
}

/** `tasks`: all of the part, of earlier runs too. */
export function jobPartOf(tasks: readonly Task[], iteration: bigint, nodeOf: NodeOf, now: number): JobPart {
  const current = inOrder(tasks.filter(task => iterationOf(task) === iteration));
  // What has done its work has done it, whatever was wanted of it by then.
  if (current.some(task => task.status.state === TaskState.COMPLETE)) return { kind: "done" };
  if (current.some(task => isLive(task) && !isDisplaced(task, nodeOf))) return { kind: "active" };
  const former = current.at(-1);
  if (former && !mayRestart(former)) return { kind: "given up" };
  const waits = [...tasks.map(task => stopsFor(task, nodeOf, now)), former ? delayAfter(former, now) : 0];
  const ms = Math.max(...waits);
  return ms > 0 ? { kind: "waiting", ms } : { kind: "open", former };
}

/** Whether the task has to go from its node, which is gone, down or drained. */
export function isDisplaced(task: Task, nodeOf: NodeOf): boolean {
  return task.nodeId !== "" && !isInService(nodeOf(task.nodeId));
}

/** Tasks of the part that are not to be kept any longer, so that no more than `retention` are. */
export function beyondJobHistory(tasks: readonly Task[], iteration: bigint, retention: number): Task[] {
  const kept = inOrder(tasks.filter(task => task.desiredState !== TaskState.REMOVE));
  const newest = kept.at(-1);
  const past = kept.filter(task => isTerminal(task.status.state) && task !== newest && !isCompletion(task, iteration));
  return past.slice(0, Math.max(0, kept.length - retention));
}

/** The job's progress is counted in these. */
function isCompletion(task: Task, iteration: bigint): boolean {
  return iterationOf(task) === iteration && task.status.state === TaskState.COMPLETE;
}

/**
 * Milliseconds until the next one need not wait any longer for a task that is there although it should not be: it is
 * being stopped, or about to be.
 */
function stopsFor(task: Task, nodeOf: NodeOf, now: number): number {
  if (!occupiesNode(task) || !isReachable(nodeOf(task.nodeId))) return 0;
  const since = isWanted(task) ? now : (fromTimestamp(task.meta.updatedAt) ?? createdAt(task));
  return Math.max(0, since + stopLimitMs(task) - now);
}

/** The policy's delay is against tasks that fail again and again; one that had to go did no wrong. */
function delayAfter(former: Task, now: number): number {
  return endedByItself(former) ? Math.max(0, stateSince(former) + restartDelayMs(former) - now) : 0;
}

function inOrder(tasks: readonly Task[]): Task[] {
  return [...tasks].sort((a, b) => createdAt(a) - createdAt(b) || Number(isWanted(a)) - Number(isWanted(b)));
}
