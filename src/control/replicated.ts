import type { Cluster, Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import { findCluster } from "../store/the-cluster.ts";
import { countsDifferently, taskEventOf } from "./hints.ts";
import { type Context, type Decision, type Loop, nothing } from "./loop.ts";
import { surplusSlots } from "./scale-down.ts";
import { modeOf } from "./service-mode.ts";
import { type Slot, slotsOf } from "./slot.ts";
import { slotStateOf } from "./slot-state.ts";
import { birthState } from "./succession.ts";
import { removed } from "./task-change.ts";
import { newTask } from "./task-factory.ts";
import type { Write } from "./write.ts";

export interface ReplicatedObservation {
  readonly service: Service;
  readonly replicas: number;
  readonly cluster: Cluster | undefined;
  readonly tasks: readonly Task[];
}

/** Keeps as many slots of each replicated service taken as it has replicas. Keys are service ids. */
export const replicatedLoop: Loop<ReplicatedObservation> = {
  name: "replicated",
  watches: ["service", "task"],
  keysOf(event) {
    if (event.kind === "service") return [event.object.id];
    const change = taskEventOf(event);
    return change && change.task.serviceId !== "" && countsDifferently(change) ? [change.task.serviceId] : [];
  },
  *allKeys(tx) {
    for (const service of tx.service.all()) yield service.id;
  },
  observe(tx, key) {
    const service = tx.service.get(key);
    if (!service) return undefined;
    const mode = modeOf(service);
    if (mode.kind !== "replicated") return undefined;
    return { service, replicas: mode.replicas, cluster: findCluster(tx), tasks: [...tx.task.byService(key)] };
  },
  decide: decideReplicas,
};

export function decideReplicas(observation: ReplicatedObservation, context: Context): Decision {
  const { service, replicas } = observation;
  const taken: Slot[] = [];
  const empty: Slot[] = [];
  for (const slot of slotsOf(observation.tasks).values()) {
    const state = slotStateOf(slot, service);
    (state === "empty" ? empty : taken).push(slot);
  }
  if (taken.length < replicas) return scaleUp(observation, taken, empty, context);
  const surplus = surplusSlots(taken, taken.length - replicas);
  const writes = [...surplus, ...empty].flatMap(slot => slot.tasks.flatMap(removed));
  return writes.length === 0 ? nothing : { writes: writes.slice(0, context.maxWrites) };
}

/** New tasks in the lowest free numbers. */
function scaleUp(
  { service, replicas, cluster }: ReplicatedObservation,
  taken: readonly Slot[],
  empty: readonly Slot[],
  context: Context,
): Decision {
  const numbers = new Set(taken.map(slot => slot.number));
  const former = new Map(empty.map(slot => [slot.number, slot.tasks]));
  const missing = Math.min(replicas - taken.length, context.maxWrites);
  const writes: Write[] = [];
  for (let slot = 1n; writes.length < missing; slot++) {
    if (numbers.has(slot)) continue;
    const task = newTask(service, { slot }, birthState(former.get(slot) ?? []), { ...context, cluster });
    writes.push({ kind: "create task", task });
  }
  return { writes };
}
