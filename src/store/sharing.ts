import type { Task } from "../model/task.ts";

/** Versions of a service's spec that are remembered: during an update tasks of two or three are about. */
const maxVersionsPerService = 4;

/**
 * Lets tasks share what they have in common. Decoding gives each task its own copy of its service's spec, most of what a
 * task weighs; tasks of one service and spec version get one copy between them again.
 */
export class TaskSharing {
  readonly #seen = new Map<string, Task[]>();

  /** The same task, with the parts that equal an earlier one's replaced by them. */
  share(task: Task): Task {
    if (task.serviceId === "") return task;
    const models = this.#seen.get(task.serviceId) ?? [];
    const model = models.find(({ specVersion }) => specVersion?.index === task.specVersion?.index);
    if (model) return shareParts(model, task);
    this.#seen.set(task.serviceId, [task, ...models].slice(0, maxVersionsPerService));
    return task;
  }

  forget(serviceId: string): void {
    this.#seen.delete(serviceId);
  }

  clear(): void {
    this.#seen.clear();
  }
}

/** A value equal to `copy` that is made of `model`'s parts wherever those are equal; `model` itself when all of it is. */
export function shareParts<T>(model: T, copy: T): T {
  if (Object.is(model, copy)) return model;
  if (typeof model !== "object" || typeof copy !== "object" || model === null || copy === null) return copy;
  if (ArrayBuffer.isView(copy) || Array.isArray(model) !== Array.isArray(copy)) return copy;
  // Assigned, this one would not become a property; as the name of a label it is one.
  if (Object.hasOwn(copy, "__proto__")) return copy;
  const keys = Object.keys(copy) as (keyof T)[];
  // Most parts are equal all the way down: something is made only from the first on that is not.
  let merged: Partial<T> | undefined;
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as keyof T;
    const part = shareParts(model[key], copy[key]);
    if (!merged && part === model[key]) continue;
    merged ??= someOf(model, keys, at);
    merged[key] = part;
  }
  if (!merged && keys.length === Object.keys(model).length) return model;
  merged ??= someOf(model, keys, keys.length);
  // All of copy's properties are there; an array has to be one again.
  return (Array.isArray(copy) ? Object.values(merged) : merged) as T;
}

/** The first `count` of the properties. */
function someOf<T>(model: T, keys: readonly (keyof T)[], count: number): Partial<T> {
  const some: Partial<T> = {};
  for (let at = 0; at < count; at++) {
    const key = keys[at] as keyof T;
    some[key] = model[key];
  }
  return some;
}
