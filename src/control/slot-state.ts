import type { Service } from "../model/objects.ts";
import { isWanted, type Task } from "../model/task.ts";
import { UpdateStatus_UpdateState as UpdateState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { mayRestart } from "./restart-policy.ts";
import type { Slot } from "./slot.ts";

/**
 * `open`: some task in it is wanted. `finished`: its last task has ended and its policy allows no other, so the slot is
 * taken although nothing runs. `empty`: free for a new task.
 */
export type SlotState = "open" | "finished" | "empty";

export function slotStateOf(slot: Slot, service: Service): SlotState {
  if (slot.tasks.some(isWanted)) return "open";
  // A rollback must end with everything running again, also what had been given up on.
  if (service.updateStatus?.state === UpdateState.ROLLBACK_STARTED) return "empty";
  const last = newestOf(slot);
  return last && !mayRestart(last) ? "finished" : "empty";
}

export function newestOf(slot: Slot): Task | undefined {
  return slot.tasks.at(-1);
}

export function wantedIn(slot: Slot): Task[] {
  return slot.tasks.filter(isWanted);
}
