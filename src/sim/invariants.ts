import { versionOf } from "../model/objects.ts";
import { isLive, isTerminal, isWanted, occupiesNode, type Task } from "../model/task.ts";
import type { ReadTx, StoreEvent } from "../store/tx.ts";
import {
  PortConfig_PublishMode as PublishMode,
  TaskState,
  UpdateConfig_UpdateOrder as UpdateOrder,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { SimHost } from "./host.ts";

/** Looks at every committed change for what must never happen. */
export class ChangeChecks {
  #version = 0n;
  readonly #broken: (problem: string) => void;

  constructor(broken: (problem: string) => void) {
    this.#broken = broken;
  }

  see(event: StoreEvent): void {
    const { kind, action, object, version } = event;
    const what = `${action} of ${kind} ${object.id} at ${version}`;
    if (version < this.#version) this.#broken(`${what}: after ${this.#version}`);
    this.#version = version;
    if (action !== "remove" && versionOf(object) !== version) this.#broken(`${what}: says ${versionOf(object)}`);
    if (action === "update" && versionOf(event.old) >= version) this.#broken(`${what}: was ${versionOf(event.old)}`);
    if (kind !== "task") return;
    if (object.status.err.includes("secret not found")) this.#broken(`${what}: ${object.status.err}`);
    if (action === "update")
      for (const problem of regress(event.old, event.object)) this.#broken(`${what}: ${problem}`);
  }
}

function* regress(old: Task, task: Task): Iterable<string> {
  const states = `${TaskState[old.status.state]} to ${TaskState[task.status.state]}`;
  if (task.status.state < old.status.state) yield `moved down from ${states}`;
  if (isTerminal(old.status.state) && task.status.state !== old.status.state) yield `moved on after its end, ${states}`;
  if (task.desiredState < old.desiredState)
    yield `wanted less, ${TaskState[old.desiredState]} to ${TaskState[task.desiredState]}`;
  if (old.nodeId !== "" && task.nodeId !== old.nodeId) yield `moved from node ${old.nodeId} to ${task.nodeId}`;
  if (task.serviceId !== old.serviceId || task.slot !== old.slot) yield "changed its service or slot";
}

/** Tasks wanted in one slot: one, or while an update starts the new one first, two. */
export function* crowdedSlots(tx: ReadTx): Iterable<string> {
  for (const [slot, tasks] of bySlot(tx, [...tx.task.all()].filter(takesSlot)))
    if (tasks.length > limitOf(tx, tasks)) yield `${slot} has ${tasks.length} wanted tasks: ${ids(tasks)}`;
}

/** What a job has done stays as it was wanted, and is in nobody's way. */
function takesSlot(task: Task): boolean {
  return task.jobIteration ? isLive(task) : isWanted(task);
}

/** What the tasks on a node hold: no more CPUs than there are, and each host port once. */
export function* overbookedNodes(tx: ReadTx): Iterable<string> {
  for (const { id, description } of tx.node.all()) {
    const tasks = [...tx.task.byNode(id)].filter(occupiesNode);
    const reserved = tasks.reduce((sum, { spec }) => sum + (spec.resources?.reservations?.nanoCpus ?? 0n), 0n);
    if (description && reserved > (description.resources?.nanoCpus ?? 0n))
      yield `${id} has ${reserved} ns of CPU taken`;
    const all = tasks.flatMap(({ endpoint }) => endpoint?.ports ?? []);
    const ports = all.filter(({ publishMode }) => publishMode === PublishMode.HOST).map(port => port.publishedPort);
    if (new Set(ports).size < ports.length) yield `${id} has ports taken twice: ${ports}`;
  }
}

/**
 * Containers that run for one slot. Counts only slots whose containers are all on hosts that have been in order for a
 * while: the manager cannot stop what it cannot reach. `isStopped` excuses the one that is being stopped in start-first.
 */
export function* crowdedMachines(
  tx: ReadTx,
  hosts: readonly SimHost[],
  isCalm: (host: SimHost) => boolean,
): Iterable<string> {
  const known = new Map<Task, SimHost>();
  for (const host of hosts) {
    for (const id of host.machine.running) {
      const task = tx.task.get(id);
      if (task) known.set(task, host);
      else if (isCalm(host)) yield `${host.name} runs ${id}, which the manager does not know`;
    }
  }
  for (const [slot, tasks] of bySlot(tx, [...known.keys()])) {
    const isInOrder = tasks.every(task => isCalm(known.get(task) as SimHost));
    const counted = limitOf(tx, tasks) === 1 ? tasks : tasks.filter(isWanted);
    if (isInOrder && counted.length > limitOf(tx, tasks))
      yield `${slot} has ${counted.length} containers: ${ids(counted)}`;
  }
}

function bySlot(tx: ReadTx, tasks: readonly Task[]): Map<string, Task[]> {
  const slots = new Map<string, Task[]>();
  for (const task of tasks) {
    const service = tx.service.get(task.serviceId);
    if (!service) continue;
    const slot = `${service.spec.annotations.name}.${task.slot === 0n ? task.nodeId : task.slot}`;
    slots.set(slot, [...(slots.get(slot) ?? []), task]);
  }
  return slots;
}

function limitOf(tx: ReadTx, [task]: readonly Task[]): number {
  const service = task && tx.service.get(task.serviceId);
  return service?.spec.update?.order === UpdateOrder.START_FIRST ? 2 : 1;
}

const ids = (tasks: readonly Task[]): string => tasks.map(({ id }) => id).join(", ");
