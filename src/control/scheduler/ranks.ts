import type { Place } from "./place.ts";

/** Nodes in order of how many wanted tasks they have. A node whose count changes moves in constant time. */
export class Ranks {
  /** By number of tasks; a count that no node has may be missing. */
  readonly #byTasks: (Set<Place> | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(place: Place): void {
    this.#at(place.usage.tasks).add(place);
    this.#size++;
  }

  /** `tasks`: as many as it had when it was last added or moved. */
  remove(place: Place, tasks: number): void {
    if (this.#byTasks[tasks]?.delete(place)) this.#size--;
  }

  /** To be called after the node's count has changed from `before`. */
  move(place: Place, before: number): void {
    this.#byTasks[before]?.delete(place);
    this.#at(place.usage.tasks).add(place);
  }

  /** Those with the fewest tasks first. A node that moves up meanwhile comes again. */
  *ascending(): Generator<Place, void> {
    for (let tasks = 0; tasks < this.#byTasks.length; tasks++) {
      const places = this.#byTasks[tasks];
      if (places) yield* places;
    }
  }

  #at(tasks: number): Set<Place> {
    const places = this.#byTasks[tasks] ?? new Set();
    this.#byTasks[tasks] = places;
    return places;
  }
}
