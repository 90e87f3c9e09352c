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
  const merged: Partial<T> = {};
  let equal = true;
  for (const key in copy) {
    const part = shareParts(model[key], copy[key]);
    merged[key] = part;
    if (part !== model[key]) equal = false;
  }
  if (equal && Object.keys(model).length === Object.keys(copy).length) return model;
  // All of copy's properties are there; an array has to be one again.
  return (Array.isArray(copy) ? Object.values(merged) : merged) as T;
}
