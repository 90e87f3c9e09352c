import type { Node } from "../../model/objects.ts";
import { isWanted, occupiesNode, type Task } from "../../model/task.ts";
import type { ReadTx, StoreEvent } from "../../store/tx.ts";
import { Failures } from "./failures.ts";
import { isPending, PendingTasks } from "./pending.ts";
import { Place } from "./place.ts";
import { newTopology, noPreferences, Topology, topologyKeyOf } from "./topology.ts";
import { Usage } from "./usage.ts";

/** What a change may mean for pending tasks. */
export type Consequence = "new task" | "room" | "none";

const noPlaces: ReadonlySet<Place> = new Set();

/**
 * What the scheduler knows: nodes with their usage, in order, and the tasks that wait. It is kept up to date from events,
 * so that no pass need add up all tasks or look at all nodes; an `Audit` sets right whatever the events left out, and
 * fills it in the beginning.
 */
export class NodeSet {
  readonly failures = new Failures();
  readonly pending = new PendingTasks();
  readonly #places = new Map<string, Place>();
  /** What is still on nodes that are gone. */
  readonly #orphans = new Map<string, Usage>();
  /** Nodes that have wanted tasks of a service. */
  readonly #holders = new Map<string, Set<Place>>();
  /** Tasks that are counted somewhere. */
  readonly #tasks = new Map<string, Task>();
  readonly #topologies = new Map([[noPreferences, new Topology([])]]);
  /** Topologies asked for since the last audit began; others are dropped by it. */
  readonly #used = new Set<string>();
  /** Tasks that are counted on their new nodes already though no event has told of it yet. */
  readonly #supposed = new Map<string, Task>();
  #generation = 0;

  /** Counted up whenever anything changes on the nodes that was not supposed before. */
  get generation(): number {
    return this.#generation;
  }

  places(): Iterable<Place> {
    return this.#places.values();
  }

  place(id: string): Place | undefined {
    return this.#places.get(id);
  }

  /** Nodes with wanted tasks of the service. */
  holders(serviceId: string): ReadonlySet<Place> {
    return this.#holders.get(serviceId) ?? noPlaces;
  }

  /** The nodes in the tree that the task's preferences make of them. */
  topologyFor(task: Task): Topology {
    const key = topologyKeyOf(task);
    this.#used.add(key);
    const known = this.#topologies.get(key);
    if (known) return known;
    const topology = newTopology(task);
    for (const place of this.#places.values()) topology.put(place);
    this.#topologies.set(key, topology);
    return topology;
  }

  apply(event: StoreEvent): Consequence {
    if (event.kind === "node") {
      if (event.action === "remove") this.#removeNode(event.object.id);
      else this.putNode(event.object);
      return "room";
    }
    if (event.kind !== "task") return "none";
    const { object: task } = event;
    const before = this.#tasks.get(task.id);
    const occupied = before !== undefined && occupiesNode(before);
    if (event.action === "remove") {
      if (occupied) this.#generation++;
      if (before) this.#forget(before);
      return occupied ? "room" : "none";
    }
    this.#put(before, task);
    if (isPending(task)) return "new task";
    return occupied && !(occupiesNode(task) && isWanted(task)) ? "room" : "none";
  }

  /** Forgets what is not stored any more, and trees of nodes that nobody asked for since the last time. */
  forgetGone(tx: ReadTx): void {
    this.#generation++;
    this.#withdrawAll();
    for (const id of this.#places.keys()) if (!tx.node.get(id)) this.#removeNode(id);
    for (const task of this.#tasks.values()) if (!tx.task.get(task.id)) this.#forget(task);
    for (const key of this.#topologies.keys())
      if (key !== noPreferences && !this.#used.has(key)) this.#topologies.delete(key);
    this.#used.clear();
  }

  /** Knows the task as it is now. */
  putTask(task: Task): void {
    this.#put(this.#tasks.get(task.id), task);
  }

  /** Knows the node as it is now. */
  putNode(node: Node): void {
    const known = this.#places.get(node.id);
    if (known?.node === node) return;
    this.#generation++;
    const place = known ?? new Place(node, this.#orphans.get(node.id));
    place.node = node;
    this.#places.set(node.id, place);
    this.#orphans.delete(node.id);
    if (!known) for (const serviceId of place.usage.services()) this.#hold(serviceId, place);
    for (const topology of this.#topologies.values()) topology.put(place);
  }

  /**
   * Counts tasks as assigned that are not yet: each pick sees those before it. Events that tell of what was supposed find it
   * counted; what has not come about when somebody supposes again is taken back.
   */
  supposing<T>(decide: (assign: (task: Task, place: Place) => void) => T): T {
    this.#withdrawAll();
    try {
      return decide((task, place) => {
        this.#count(task, place, 1);
        this.#supposed.set(task.id, task);
      });
    } catch (error) {
      this.#withdrawAll();
      throw error;
    }
  }

  #put(before: Task | undefined, task: Task): void {
    if (before === task) return;
    if (this.#supposed.size > 0 && this.#cameAbout(task)) {
      if (before) this.pending.remove(before);
      this.#tasks.set(task.id, task);
      return;
    }
    if (before && usesTheSame(before, task)) {
      this.#tasks.set(task.id, task);
      return;
    }
    // Tasks that come and go without a node make no difference to any.
    if (occupiesNode(task) || (before && occupiesNode(before))) this.#generation++;
    if (before) this.#forget(before);
    this.failures.note(task);
    if (occupiesNode(task)) this.#countOn(task, 1);
    else if (isPending(task)) this.pending.add(task);
    else return;
    this.#tasks.set(task.id, task);
  }

  /** Whether the task is now what it was supposed to be. A supposition that proves wrong is taken back. */
  #cameAbout(task: Task): boolean {
    const supposed = this.#supposed.get(task.id);
    if (!supposed) return false;
    this.#supposed.delete(task.id);
    if (usesTheSame(supposed, task)) return true;
    this.#withdraw(supposed);
    return false;
  }

  #withdraw(supposed: Task): void {
    this.#generation++;
    this.#countOn(supposed, -1);
  }

  #withdrawAll(): void {
    for (const supposed of this.#supposed.values()) this.#withdraw(supposed);
    this.#supposed.clear();
  }

  #removeNode(id: string): void {
    const place = this.#places.get(id);
    if (!place) return;
    this.#generation++;
    this.#withdrawAll();
    this.#places.delete(id);
    for (const topology of this.#topologies.values()) topology.remove(place);
    for (const serviceId of place.usage.services()) this.#release(serviceId, place);
    if (!place.usage.isEmpty) this.#orphans.set(id, place.usage);
  }

  #forget(task: Task): void {
    this.#tasks.delete(task.id);
    if (occupiesNode(task)) this.#countOn(task, -1);
    else this.pending.remove(task);
  }

  #countOn(task: Task, sign: 1 | -1): void {
    const place = this.#places.get(task.nodeId);
    if (place) this.#count(task, place, sign);
    else this.#countOrphan(task, sign);
  }

  #count(task: Task, place: Place, sign: 1 | -1): void {
    const { usage } = place;
    const before = usage.tasks;
    usage.count(task, sign);
    if (usage.tasks === before) return;
    for (const topology of this.#topologies.values()) topology.moved(place, before);
    const left = usage.ofService(task.serviceId);
    if (left === 0) this.#release(task.serviceId, place);
    else if (left === 1 && sign === 1) this.#hold(task.serviceId, place);
  }

  #countOrphan(task: Task, sign: 1 | -1): void {
    const usage = this.#orphans.get(task.nodeId) ?? new Usage();
    usage.count(task, sign);
    if (usage.isEmpty) this.#orphans.delete(task.nodeId);
    else this.#orphans.set(task.nodeId, usage);
  }

  #hold(serviceId: string, place: Place): void {
    const holders = this.#holders.get(serviceId);
    if (holders) holders.add(place);
    else this.#holders.set(serviceId, new Set([place]));
  }

  #release(serviceId: string, place: Place): void {
    const holders = this.#holders.get(serviceId);
    holders?.delete(place);
    if (holders?.size === 0) this.#holders.delete(serviceId);
  }
}

/** Whether both count the same on the same node: most changes of a task only tell how far it is. */
function usesTheSame(before: Task, after: Task): boolean {
  return (
    occupiesNode(before) &&
    occupiesNode(after) &&
    before.nodeId === after.nodeId &&
    isWanted(before) === isWanted(after) &&
    before.spec === after.spec &&
    before.endpoint === after.endpoint &&
    before.assignedGenericResources === after.assignedGenericResources
  );
}
