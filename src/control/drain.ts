import type { Cluster, Service } from "../model/objects.ts";
import { isTerminal, type Task } from "../model/task.ts";
import { findCluster } from "../store/the-cluster.ts";
import type { ReadTx } from "../store/tx.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { drainRemarks, isDrainNoted, withDrainNote, withoutDrainNote } from "./drain-note.ts";
import { drainsStartFirst, drainTimeoutMs, isLeaving } from "./drain-policy.ts";
import { cameUp, countsDifferently, taskEventOf } from "./hints.ts";
import type { Context, Decision, Loop } from "./loop.ts";
import { isInService } from "./placement.ts";
import { endedByItself, mayRestart, moveNotes } from "./restart-policy.ts";
import { isShrinking } from "./shrinking.ts";
import { type Slot, slotsOf } from "./slot.ts";
import { newestOf, wantedIn } from "./slot-state.ts";
import { SpecMatch } from "./spec-match.ts";
import type { NodeOf } from "./succession.ts";
import { stopped } from "./task-change.ts";
import { newTask } from "./task-factory.ts";
import { notesOf, withNotes } from "./task-notes.ts";
import { isUpdating, parallelismOf } from "./update-plan.ts";
import type { Write } from "./write.ts";

export interface DrainObservation {
  readonly service: Service;
  readonly cluster: Cluster | undefined;
  readonly slots: readonly Slot[];
  readonly nodeOf: NodeOf;
}

/**
 * Empties drained nodes of the tasks of services that are updated start-first: each runs on until its replacement runs, as
 * many at a time as the service updates at a time, and no longer than the node's label says. Keys are service ids.
 */
export const drainLoop: Loop<DrainObservation> = {
  name: "drain",
  watches: ["service", "node", "task"],
  keysOf(event, tx) {
    if (event.kind === "service") return [event.object.id];
    if (event.kind === "node") return startFirstOn(event.object.id, tx);
    const change = taskEventOf(event);
    if (!change || !(countsDifferently(change) || cameUp(change))) return [];
    const service = tx.service.get(change.task.serviceId);
    return service && drainsStartFirst(service) ? [service.id] : [];
  },
  *allKeys(tx) {
    for (const service of tx.service.all()) if (drainsStartFirst(service)) yield service.id;
  },
  observe(tx, key) {
    const service = tx.service.get(key);
    if (!service) return undefined;
    const nodeOf: NodeOf = id => tx.node.get(id);
    const tasks = [...tx.task.byService(key)];
    const concerns = tasks.some(task => isDrainNoted(task) || isLeaving(task, nodeOf(task.nodeId), service));
    return concerns ? { service, cluster: findCluster(tx), slots: [...slotsOf(tasks).values()], nodeOf } : undefined;
  },
  decide: decideDrain,
};

function startFirstOn(nodeId: string, tx: ReadTx): Set<string> {
  const found = new Set<string>();
  for (const { serviceId } of tx.task.byNode(nodeId)) {
    const service = tx.service.get(serviceId);
    if (service && drainsStartFirst(service)) found.add(serviceId);
  }
  return found;
}

/** What to do about a task that has to leave. */
type Move =
  | { readonly kind: "stop" | "replace" }
  /** Its time is over: it goes, and what replaces it starts when it has stopped. */
  | { readonly kind: "give up"; readonly isReplaced: boolean }
  | { readonly kind: "wait"; readonly remark: string };

export function decideDrain(observation: DrainObservation, context: Context): Decision {
  const { service, slots, nodeOf } = observation;
  const match = new SpecMatch(service);
  const survey: Survey = {
    ...{ service, now: context.now },
    isOutdated: task => match.isOutdated(task, nodeOf(task.nodeId)),
    isLeaving: task => isLeaving(task, nodeOf(task.nodeId), service),
    deadlineOf: task => deadlineOf(task, nodeOf, context.now),
  };
  const doubled = slots.filter(slot => wantedIn(slot).length > 1).length;
  let room = isShrinking(service, slots) ? 0 : parallelismOf(service.spec.update) - doubled;
  const writes: Write[] = [];
  let nextDeadline = Number.POSITIVE_INFINITY;
  for (const slot of slots) {
    if (writes.length >= context.maxWrites) break;
    const leaving = slot.tasks.filter(survey.isLeaving);
    const task = leaving.pop();
    writes.push(...leaving.flatMap(stopped));
    if (!task) {
      writes.push(...settled(slot, survey, nodeOf));
      continue;
    }
    const move = moveOf(task, slot, survey, room > 0);
    if (move.kind === "replace") room--;
    if (move.kind === "replace" || move.kind === "wait") nextDeadline = Math.min(nextDeadline, survey.deadlineOf(task));
    writes.push(...carriedOut(move, task, observation, context));
  }
  return Number.isFinite(nextDeadline) ? { writes, lookAgainMs: nextDeadline - context.now } : { writes };
}

interface Survey {
  readonly service: Service;
  readonly now: number;
  readonly isOutdated: (task: Task) => boolean;
  readonly isLeaving: (task: Task) => boolean;
  readonly deadlineOf: (task: Task) => number;
}

function deadlineOf(task: Task, nodeOf: NodeOf, now: number): number {
  const node = nodeOf(task.nodeId);
  return (notesOf(task).drainSince ?? now) + (node ? drainTimeoutMs(node) : 0);
}

function moveOf(
  task: Task,
  slot: Slot,
  { service, now, isOutdated, isLeaving, deadlineOf }: Survey,
  hasRoom: boolean,
): Move {
  const others = wantedIn(slot).filter(other => !isLeaving(other));
  if (others.some(runs)) return { kind: "stop" };
  if (deadlineOf(task) <= now) return { kind: "give up", isReplaced: others.length > 0 };
  if (others.length > 0) return { kind: "wait", remark: drainRemarks.replacement };
  if (isUpdating(service) && isOutdated(task)) return { kind: "wait", remark: drainRemarks.update };
  if (isGivenUp(newestOf(slot), service)) return { kind: "wait", remark: drainRemarks.failed };
  return hasRoom ? { kind: "replace" } : { kind: "wait", remark: drainRemarks.turn };
}

/** Whether it was the last try that its policy allows; a new spec gets another one. */
function isGivenUp(last: Task | undefined, service: Service): boolean {
  if (!last || !isTerminal(last.status.state) || last.specVersion?.index !== service.specVersion?.index) return false;
  return endedByItself(last) && !mayRestart(last);
}

function carriedOut(move: Move, task: Task, observation: DrainObservation, context: Context): Write[] {
  switch (move.kind) {
    case "stop":
      return stopped(task);
    case "give up":
      return [...stopped(task), ...(move.isReplaced ? [] : [replacing(task, TaskState.READY, observation, context)])];
    case "replace":
      return [
        ...withDrainNote(task, drainRemarks.replacement, context.now),
        replacing(task, TaskState.RUNNING, observation, context),
      ];
    case "wait":
      return withDrainNote(task, move.remark, context.now);
    default:
      return move satisfies never;
  }
}

function replacing(task: Task, desired: TaskState, { service, cluster }: DrainObservation, context: Context): Write {
  const made = newTask(service, { slot: task.slot }, desired, { ...context, cluster });
  return { kind: "create task", task: withNotes(made, moveNotes(task, made)) };
}

/** The node takes part again before the task was replaced: it stays, unless what was to replace it is already there. */
function settled(slot: Slot, { isOutdated }: Survey, nodeOf: NodeOf): Write[] {
  const task = wantedIn(slot).find(each => isDrainNoted(each) && isInService(nodeOf(each.nodeId)));
  if (!task) return [];
  const others = wantedIn(slot).filter(other => other !== task && !isOutdated(other));
  if (others.some(runs)) return stopped(task);
  // An update goes on with what is outdated.
  return [...withoutDrainNote(task), ...(isOutdated(task) ? [] : others.flatMap(stopped))];
}

function runs({ status }: Task): boolean {
  return status.state === TaskState.RUNNING;
}
