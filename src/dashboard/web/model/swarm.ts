import { hueAt } from "./hue.ts";
import type { Change, Kind, Member, Objects, Task } from "./objects.ts";

/** An object of some kind, or "tasks of a service" and "tasks on a node": what a part of the page may depend on. */
export type Topic = Kind | `${Kind} ${string}` | `tasks of ${string}` | `tasks on ${string}`;

type Tables = { readonly [K in Kind]: Map<string, Objects[K]> };

const noTasks: ReadonlyMap<string, Task> = new Map();

/** The swarm as the page knows it. */
export class Swarm {
  readonly #tables: Tables = {
    ...{ quorum: new Map(), cluster: new Map(), node: new Map(), service: new Map(), task: new Map() },
    ...{ network: new Map(), secret: new Map(), config: new Map() },
  };
  /** Of what is gone too: an older change may still be on its way. */
  readonly #versions = new Map<string, number>();
  readonly #byService = new Map<string, Map<string, Task>>();
  readonly #byNode = new Map<string, Map<string, Task>>();
  readonly #hues = new Map<string, number>();

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

  /** The hue of a service's tasks, degrees: the same wherever they are shown. */
  hueOf(serviceId: string): number {
    const hue = this.#hues.get(serviceId) ?? hueAt(this.#hues.size);
    this.#hues.set(serviceId, hue);
    return hue;
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

  /** Takes changes in; returns what they touch. */
  apply(changes: readonly Change[]): Set<Topic> {
    const touched = new Set<Topic>();
    for (const change of changes) {
      const key = `${change.Kind} ${change.ID}`;
      if (change.Version < (this.#versions.get(key) ?? 0)) continue;
      this.#versions.set(key, change.Version);
      if (change.Kind === "task") this.#indexTask(change.ID, change.Object, touched);
      this.#put(change);
      touched.add(change.Kind).add(`${change.Kind} ${change.ID}`);
    }
    return touched;
  }

  #put({ Kind: kind, ID, Object: object }: Change): void {
    const table: Map<string, unknown> = this.#tables[kind];
    if (object === undefined) table.delete(ID);
    else table.set(ID, object);
  }

  #indexTask(id: string, task: Task | undefined, touched: Set<Topic>): void {
    const before = this.#tables.task.get(id);
    if (before) {
      this.#byService.get(before.ServiceID ?? "")?.delete(id);
      this.#byNode.get(before.NodeID ?? "")?.delete(id);
      touched.add(`tasks of ${before.ServiceID ?? ""}`).add(`tasks on ${before.NodeID ?? ""}`);
    }
    if (!task) return;
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
