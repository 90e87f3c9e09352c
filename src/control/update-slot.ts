import { isWanted, type Task } from "../model/task.ts";
import { TaskState, UpdateConfig_UpdateOrder as UpdateOrder } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { endedByItself } from "./restart-policy.ts";
import { type Slot, stateSince } from "./slot.ts";
import { newestOf } from "./slot-state.ts";
import { notesOf } from "./task-notes.ts";
import type { UpdatePlan } from "./update-plan.ts";

/** Where a slot stands in a rolling update. */
export interface UpdateSlot {
  readonly slot: Slot;
  /** It has only tasks made from an older spec and is to get a new one. */
  readonly outdated: boolean;
  /** Wanted tasks that have to go: older ones next to a new one that can take over. */
  readonly superseded: readonly Task[];
  /** Wanted tasks made from an older spec. */
  readonly old: readonly Task[];
  /** Some of them wait for a new task to come up that an earlier, interrupted update put there. */
  readonly handsOver: boolean;
  /** The task that this update put there, if it got so far. */
  readonly made: Task | undefined;
  /** When the task made by this update lets the next slot have its turn (milliseconds); Infinity: not yet known. */
  readonly turnEndsAt: number;
  /** When the task made by this update came up, if it did. */
  readonly ranAt: number | undefined;
  /** The task made by this update ended too early, or never came up. */
  readonly failed: boolean;
}

export interface SlotTests {
  readonly isOutdated: (task: Task) => boolean;
  readonly isOfUpdate: (task: Task) => boolean;
  /** Whether it runs on a drained node only until its replacement runs. */
  readonly isLeaving: (task: Task) => boolean;
}

export function updateSlot(slot: Slot, plan: UpdatePlan, { isOutdated, isOfUpdate, isLeaving }: SlotTests): UpdateSlot {
  const wanted = slot.tasks.filter(isWanted);
  const old = wanted.filter(isOutdated);
  const upToDate = wanted.filter(task => !isOutdated(task));
  const staying = upToDate.filter(task => !isLeaving(task));
  const current = staying.length > 0 ? staying : upToDate;
  const made = slot.tasks.findLast(isOfUpdate);
  const ranAt = made && comeUpAt(made);
  const last = newestOf(slot);
  const onlyOld = wanted.length === 0 ? last !== undefined && isOutdated(last) : current.length === 0;
  return {
    slot,
    old,
    made,
    ranAt,
    handsOver: made === undefined && old.length > 0 && current.length > 0,
    // A new task that failed for good is not tried again by the same update.
    outdated: onlyOld && made === undefined,
    superseded: supersededIn(old, current, plan),
    turnEndsAt: made ? turnEnd(made, ranAt, plan) : 0,
    failed: made !== undefined && failedEarly(made, ranAt, plan),
  };
}

function supersededIn(old: readonly Task[], current: readonly Task[], plan: UpdatePlan): Task[] {
  const running = current.filter(task => task.status.state === TaskState.RUNNING);
  const kept = running[0] ?? current[0];
  if (!kept) return [];
  const canTakeOver = plan.order === UpdateOrder.STOP_FIRST || running.length > 0;
  return [...(canTakeOver ? old : []), ...current.filter(task => task !== kept)];
}

function comeUpAt(made: Task): number | undefined {
  return made.status.state === TaskState.RUNNING ? stateSince(made) : notesOf(made).ranAt;
}

function turnEnd(made: Task, ranAt: number | undefined, { delayMs }: UpdatePlan): number {
  if (ranAt !== undefined) return ranAt + delayMs;
  if (made.status.state > TaskState.RUNNING) return stateSince(made) + delayMs;
  // Not up yet. One that was moved away or given up meanwhile holds nobody up.
  return isWanted(made) ? Number.POSITIVE_INFINITY : 0;
}

function failedEarly(made: Task, ranAt: number | undefined, { monitorMs }: UpdatePlan): boolean {
  return endedByItself(made) && (ranAt === undefined || stateSince(made) - ranAt <= monitorMs);
}
