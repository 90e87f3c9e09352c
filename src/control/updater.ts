import type { Cluster, Node, Service } from "../model/objects.ts";
import { isWanted, occupiesNode, type Task } from "../model/task.ts";
import { findCluster } from "../store/the-cluster.ts";
import {
  UpdateConfig_FailureAction as FailureAction,
  TaskState,
  UpdateConfig_UpdateOrder as UpdateOrder,
  UpdateStatus_UpdateState as UpdateState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { isLeaving } from "./drain-policy.ts";
import { suits } from "./global.ts";
import { cameUp, countsDifferently, taskEventOf } from "./hints.ts";
import type { Context, Decision, Loop } from "./loop.ts";
import { isJob } from "./service-mode.ts";
import { isShrinking } from "./shrinking.ts";
import { type Slot, slotsOf } from "./slot.ts";
import { slotStateOf, wantedIn } from "./slot-state.ts";
import { SpecMatch } from "./spec-match.ts";
import { stopped } from "./task-change.ts";
import { newTask } from "./task-factory.ts";
import { notesOf, withNotes } from "./task-notes.ts";
import { isOfUpdate, planOf, type UpdatePlan, updateStartOf } from "./update-plan.ts";
import { type UpdateSlot, updateSlot } from "./update-slot.ts";
import { updateCompleted, updatePaused, updateRolledBack, updateStarted } from "./update-status.ts";
import type { Write } from "./write.ts";

export interface UpdateObservation {
  readonly service: Service;
  readonly cluster: Cluster | undefined;
  /** Slots that have something to update: taken ones, and of a global service those on nodes where it belongs. */
  readonly slots: readonly Slot[];
  readonly nodeOf: (id: string) => Node | undefined;
}

/** Replaces tasks that are not what their service asks for any more, a few slots at a time. Keys are service ids. */
export const updaterLoop: Loop<UpdateObservation> = {
  name: "updater",
  watches: ["service", "task"],
  keysOf(event, tx) {
    if (event.kind === "service") return [event.object.id];
    const change = taskEventOf(event);
    if (!change || !(countsDifferently(change) || cameUp(change))) return [];
    return tx.service.get(change.task.serviceId)?.updateStatus ? [change.task.serviceId] : [];
  },
  *allKeys(tx) {
    for (const service of tx.service.all()) yield service.id;
  },
  observe(tx, key) {
    const service = tx.service.get(key);
    if (!service || isJob(service)) return undefined;
    const nodeOf = (id: string) => tx.node.get(id);
    const slots = [...slotsOf(tx.task.byService(key)).values()].filter(
      slot => slotStateOf(slot, service) !== "empty" && (slot.nodeId === "" || suits(nodeOf(slot.nodeId), service)),
    );
    return { service, cluster: findCluster(tx), slots, nodeOf };
  },
  decide: decideUpdate,
};

export function decideUpdate(observation: UpdateObservation, context: Context): Decision {
  const { service } = observation;
  switch (service.updateStatus?.state ?? UpdateState.UNKNOWN) {
    case UpdateState.UNKNOWN: {
      const started = { ...observation, service: updateStarted(service, context.now) };
      const slots = survey(started);
      if (!slots.some(slot => slot.outdated || slot.handsOver)) return dismissing(slots);
      const { writes } = advance(started, slots, context);
      return { writes: [{ kind: "update service", service: started.service }, ...writes] };
    }
    case UpdateState.UPDATING:
    case UpdateState.ROLLBACK_STARTED:
      return carryOn(observation, survey(observation), context);
    case UpdateState.COMPLETED:
    case UpdateState.ROLLBACK_COMPLETED:
    case UpdateState.PAUSED:
    case UpdateState.ROLLBACK_PAUSED:
      // A new task that failed at first may come up later, in place of an old one that was kept.
      return dismissing(survey(observation));
  }
}

function dismissing(slots: readonly UpdateSlot[]): Decision {
  return { writes: slots.flatMap(slot => slot.superseded.flatMap(stopped)) };
}

function survey({ service, slots, nodeOf }: UpdateObservation): UpdateSlot[] {
  const match = new SpecMatch(service);
  const plan = planOf(service);
  const tests = {
    isOutdated: (task: Task) => match.isOutdated(task, nodeOf(task.nodeId)),
    isOfUpdate: (task: Task) => isOfUpdate(task, service),
    isLeaving: (task: Task) => isLeaving(task, nodeOf(task.nodeId), service),
  };
  return slots.map(slot => updateSlot(slot, plan, tests));
}

function carryOn(observation: UpdateObservation, slots: readonly UpdateSlot[], context: Context): Decision {
  const { service } = observation;
  const plan = planOf(service);
  const after = failureConsequence(service, plan, slots, context.now);
  if (after) return { writes: [{ kind: "update service", service: after }] };
  const advanced = advance(observation, slots, context);
  const goesOn = (slot: UpdateSlot) => slot.outdated || slot.handsOver || slot.turnEndsAt === Number.POSITIVE_INFINITY;
  if (advanced.writes.length > 0 || slots.some(goesOn)) return advanced;
  const monitored = plan.onFailure === FailureAction.CONTINUE ? 0 : plan.monitorMs;
  const settlesAt = slots.reduce((latest, slot) => Math.max(latest, (slot.ranAt ?? 0) + monitored), 0);
  if (settlesAt > context.now) return { writes: [], lookAgainMs: settlesAt - context.now };
  return { writes: [{ kind: "update service", service: updateCompleted(service, context.now) }] };
}

/** The service as it is to be after too many failures; undefined when there were not. */
function failureConsequence(
  service: Service,
  plan: UpdatePlan,
  slots: readonly UpdateSlot[],
  now: number,
): Service | undefined {
  const failed = slots.filter(slot => slot.failed);
  const concerned = slots.filter(slot => slot.made || slot.outdated).length;
  const culprit = failed.at(-1)?.made;
  // The ratio came over the wire with single precision; compared as it is, 7 of 10 would exceed 0.7.
  if (!culprit || Math.fround(failed.length / concerned) <= plan.maxFailureRatio) return undefined;
  switch (plan.onFailure) {
    case FailureAction.CONTINUE:
      return undefined;
    case FailureAction.PAUSE:
      return updatePaused(service, culprit.id);
    case FailureAction.ROLLBACK:
      // A rollback is not rolled back.
      return service.updateStatus?.state === UpdateState.ROLLBACK_STARTED
        ? updatePaused(service, culprit.id)
        : updateRolledBack(service, culprit.id, now);
    default:
      return plan.onFailure satisfies never;
  }
}

/** The next steps: what is superseded goes, and slots get new tasks as far as there is room for them. */
function advance(observation: UpdateObservation, slots: readonly UpdateSlot[], context: Context): Decision {
  const { service } = observation;
  const plan = planOf(service);
  const working = slots.filter(slot => slot.turnEndsAt > context.now);
  const doubled = slots.filter(slot => slot.turnEndsAt <= context.now && isDoubled(slot));
  const shrinking = isShrinking(
    service,
    slots.map(({ slot }) => slot),
  );
  const room = shrinking ? 0 : Math.max(0, plan.parallelism - working.length - doubled.length);
  const outdated = slots.filter(slot => slot.outdated).sort(idleFirst);
  const next = outdated.slice(0, room);
  const writes: Write[] = [];
  for (const slot of slots) {
    if (writes.length >= context.maxWrites) break;
    writes.push(...slot.superseded.flatMap(stopped));
    if (plan.onFailure !== FailureAction.CONTINUE) writes.push(...noteRun(slot));
  }
  for (const slot of outdated.slice(room)) {
    if (writes.length >= context.maxWrites) break;
    writes.push(...slot.old.filter(task => task !== runningOrFirst(slot.old)).flatMap(stopped));
  }
  for (const slot of next) {
    if (writes.length >= context.maxWrites) break;
    writes.push(...renew(slot, observation, plan, context));
  }
  const nextTurn = working.reduce((earliest, slot) => Math.min(earliest, slot.turnEndsAt), Number.POSITIVE_INFINITY);
  return Number.isFinite(nextTurn) ? { writes, lookAgainMs: nextTurn - context.now } : { writes };
}

/**
 * Whether two tasks are wanted in the slot although it is nobody's turn there: one is about to take over from the other, on
 * whoever's behalf. It counts as worked on, so that never more than that are wanted at once.
 */
function isDoubled({ slot, outdated, superseded }: UpdateSlot): boolean {
  return !outdated && wantedIn(slot).length - superseded.length > 1;
}

/** The task that an outdated slot keeps until its turn: others there are what an interrupted update left. */
function runningOrFirst(tasks: readonly Task[]): Task | undefined {
  return tasks.find(task => task.status.state === TaskState.RUNNING) ?? tasks[0];
}

/** What is not running now loses nothing by going first. */
function idleFirst(a: UpdateSlot, b: UpdateSlot): number {
  const running = ({ old }: UpdateSlot) => Number(old.some(task => task.status.state === TaskState.RUNNING));
  return running(a) - running(b) || Number(a.slot.number - b.slot.number) || (a.slot.key < b.slot.key ? -1 : 1);
}

/** Whether a task came up can not be told any more once it has ended; the monitoring needs it. */
function noteRun({ made, ranAt, superseded }: UpdateSlot): Write[] {
  if (!made || ranAt === undefined || !isWanted(made) || superseded.includes(made)) return [];
  const notes = notesOf(made);
  return notes.ranAt === undefined ? [{ kind: "update task", task: withNotes(made, { ...notes, ranAt }) }] : [];
}

function renew({ slot, old }: UpdateSlot, observation: UpdateObservation, plan: UpdatePlan, context: Context): Write[] {
  const { service, cluster } = observation;
  const stopFirst = plan.order === UpdateOrder.STOP_FIRST;
  const waits = stopFirst && slot.tasks.some(occupiesNode);
  const place = slot.nodeId === "" ? { slot: slot.number } : { nodeId: slot.nodeId };
  const task = newTask(service, place, waits ? TaskState.READY : TaskState.RUNNING, { ...context, cluster });
  const noted = withNotes(task, { updateStart: updateStartOf(service) });
  // With start-first one running task stays until the new one runs; anything else is of no use.
  const kept = stopFirst ? undefined : old.find(task => task.status.state === TaskState.RUNNING);
  return [...old.filter(task => task !== kept).flatMap(stopped), { kind: "create task", task: noted }];
}
