import { same } from "../lib/same.ts";
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
    const model = this.#model(task);
    if (!model || model === task) return task;
    return {
      ...task,
      serviceId: model.serviceId,
      annotations: either(model.annotations, task.annotations),
      serviceAnnotations: either(model.serviceAnnotations, task.serviceAnnotations),
      spec: either(model.spec, task.spec),
      specVersion: either(model.specVersion, task.specVersion),
      jobIteration: either(model.jobIteration, task.jobIteration),
      endpoint: either(model.endpoint, task.endpoint),
      logDriver: either(model.logDriver, task.logDriver),
      networks: task.networks.map((attachment, i) => ({
        ...attachment,
        network: either(model.networks[i]?.network, attachment.network),
      })),
    };
  }

  forget(serviceId: string): void {
    this.#seen.delete(serviceId);
  }

  clear(): void {
    this.#seen.clear();
  }

  #model(task: Task): Task | undefined {
    const models = this.#seen.get(task.serviceId) ?? [];
    const found = models.find(model => model.specVersion?.index === task.specVersion?.index);
    if (!found) this.#seen.set(task.serviceId, [task, ...models].slice(0, maxVersionsPerService));
    return found;
  }
}

/** `ours` when the two are equal, so that `theirs` can be forgotten. */
function either<T, U extends T>(ours: T, theirs: U): U {
  return same(ours, theirs) ? (ours as U) : theirs;
}
