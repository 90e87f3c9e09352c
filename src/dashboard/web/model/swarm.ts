import { hueAt } from "./hue.ts";
import type { Change, Kind, Member, Objects, Task } from "./objects.ts";

/**
 * An object of some kind, or "tasks of a service" and "tasks on a node": what a part of the page may depend on. Single tasks
 * come and go by the thousand: they are no topics.
 */
export type Topic = Kind | `${Exclude<Kind, "task">} ${string}` | `tasks of ${string}` | `tasks on ${string}`;

type Tables = { readonly [K in Kind]: Map<string, Objects[K]> };

const noTasks: ReadonlyMap<string, Task> = new Map();

/** The swarm as the page knows it: what is there, and nothing of what is gone, or a page that stays open would grow. */
export class Swarm {
  readonly #tables: Tables = {
    ...{ quorum: new Map(), cluster: new Map(), node: new Map(), service: new Map(), task: new Map() },
    ...{ network: new Map(), secret: new Map(), config: new Map() },
  };
  readonly #byService = new Map<string, Map<string, Task>>();
  readonly #byNode = new Map<string, Map<string, Task>>();
  readonly #hues = new Map<string, number>();
  #huesGiven = 0;

  all<K extends Kind>(kind: K): Iterable<Objects[K]> {
    return this.#tables[kind].values();
  }

  get<K extends Kind>(kind: K, id: string): Objects[K] | undefined {
    return this.#tables[kind].get(id);
  }

  /** The managers; none while that is not known. */
  members(): readonly Member[] {
    return this.#tables.quorum.get("quorum")?.Members ?? [];
  }

  /** Which vote has brought the leader; 0 while that is not known. */
  term(): number {
    return this.#tables.quorum.get("quorum")?.Term ?? 0;
  }

  /** The hue of a service's tasks, degrees: the same wherever they are shown, for the oldest services on every page that is opened. */
  hueOf(serviceId: string): number {
    if (!this.#hues.has(serviceId)) this.#giveHues();
    return this.#hues.get(serviceId) ?? hueAt(0);
  }

  #giveHues(): void {
    const without = [...this.all("service")].filter(({ ID }) => !this.#hues.has(ID));
    for (const { ID } of without.sort((a, b) => a.CreatedAt.localeCompare(b.CreatedAt)))
      this.#hues.set(ID, hueAt(this.#huesGiven++));
  }

  size(kind: Kind): number {
    return this.#tables[kind].size;
  }

  tasksOf(serviceId: string): ReadonlyMap<string, Task> {
    return this.#byService.get(serviceId) ?? noTasks;
  }

  /** "" for tasks that have no node yet. */
  tasksOn(nodeId: string): ReadonlyMap<string, Task> {
    return this.#byNode.get(nodeId) ?? noTasks;
  }

  /** Takes changes in, in the order in which they happened; returns what they touch. */
  apply(changes: readonly Change[]): Set<Topic> {
    const touched = new Set<Topic>();
    for (const change of changes) {
      if (change.Kind === "task") this.#indexTask(change.ID, change.Object, touched);
      else touched.add(`${change.Kind} ${change.ID}`);
      this.#put(change);
      if (change.Kind === "service") this.#forgetHue(change.ID);
      touched.add(change.Kind);
    }
    return touched;
  }

  /** The tasks of a service that was removed keep their hue until the last of them is gone. */
  #forgetHue(serviceId: string): void {
    if (!this.#tables.service.has(serviceId) && this.tasksOf(serviceId).size === 0) this.#hues.delete(serviceId);
  }

  #put({ Kind: kind, ID, Object: object }: Change): void {
    const table: Map<string, unknown> = this.#tables[kind];
    if (object === undefined) table.delete(ID);
    else table.set(ID, object);
  }

  #indexTask(id: string, task: Task | undefined, touched: Set<Topic>): void {
    const before = this.#tables.task.get(id);
    if (before) {
      unindex(this.#byService, before.ServiceID ?? "", id);
      unindex(this.#byNode, before.NodeID ?? "", id);
      touched.add(`tasks of ${before.ServiceID ?? ""}`).add(`tasks on ${before.NodeID ?? ""}`);
    }
    if (!task) {
      this.#forgetHue(before?.ServiceID ?? "");
      return;
    }
    indexed(this.#byService, task.ServiceID ?? "").set(id, task);
    indexed(this.#byNode, task.NodeID ?? "").set(id, task);
    touched.add(`tasks of ${task.ServiceID ?? ""}`).add(`tasks on ${task.NodeID ?? ""}`);
  }
}

function indexed(index: Map<string, Map<string, Task>>, key: string): Map<string, Task> {
  const tasks = index.get(key) ?? new Map<string, Task>();
  index.set(key, tasks);
  return tasks;
}

function unindex(index: Map<string, Map<string, Task>>, key: string, id: string): void {
  const tasks = index.get(key);
  tasks?.delete(id);
  if (tasks?.size === 0) index.delete(key);
}
