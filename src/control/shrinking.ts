import type { Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import { modeOf } from "./service-mode.ts";
import { type Slot, slotsOf } from "./slot.ts";
import { slotStateOf } from "./slot-state.ts";

/**
 * Whether more slots are taken than the service has replicas: it was scaled down, and the replicated loop has yet to say which
 * of them go. Until then nothing new is made in any.
 */
export function isShrinking(service: Service, slots: Iterable<Slot>): boolean {
  const mode = modeOf(service);
  if (mode.kind !== "replicated") return false;
  let taken = 0;
  for (const slot of slots) if (slotStateOf(slot, service) !== "empty") taken++;
  return taken > mode.replicas;
}

/**
 * The same for who looks at single slots. Only another spec makes a service shrink, so its tasks are counted no more once they were
 * found to be few enough: a thousand tasks that end at once would count a thousand each.
 */
export class ShrinkingServices {
  readonly #settled = new WeakSet<Service>();

  has(service: Service, tasks: () => Iterable<Task>): boolean {
    if (this.#settled.has(service)) return false;
    if (isShrinking(service, slotsOf(tasks()).values())) return true;
    this.#settled.add(service);
    return false;
  }
}
