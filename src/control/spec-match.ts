import type { Node, Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import { type Difference, differenceOf, isPulled, isUpToDateWith } from "../model/up-to-date.ts";

/**
 * Tells which tasks of one service are not what the service asks for now. Tasks with the same spec version were made
 * from the same spec, so each version is compared once, however many tasks there are.
 */
export class SpecMatch {
  readonly #service: Service;
  readonly #known = new Map<string, Difference>();

  constructor(service: Service) {
    this.#service = service;
  }

  /** `node` is the one the task is on, if any. */
  isOutdated(task: Task, node: Node | undefined): boolean {
    return !isUpToDateWith(this.#difference(task), this.#service, node);
  }

  #difference(task: Task): Difference {
    if (!task.specVersion) return differenceOf(task, this.#service);
    const key = `${task.specVersion.index}/${isPulled(task)}`;
    const difference = this.#known.get(key) ?? differenceOf(task, this.#service);
    this.#known.set(key, difference);
    return difference;
  }
}
