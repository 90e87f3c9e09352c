import type { TaskDependencies } from "../ports/runtime.ts";
import {
  AssignmentChange_AssignmentAction as Action,
  type AssignmentChange,
} from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import type { Config, Secret, Task } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";

export interface TaskChange {
  readonly action: Action;
  readonly task: Task;
}

/** The secrets and configs that this node's tasks need, and no others. In memory alone. */
export class Dependencies implements TaskDependencies {
  readonly #secrets = new Map<string, Secret>();
  readonly #configs = new Map<string, Config>();

  secret(id: string): Secret | undefined {
    return this.#secrets.get(id);
  }

  config(id: string): Config | undefined {
    return this.#configs.get(id);
  }

  clear(): void {
    this.#secrets.clear();
    this.#configs.clear();
  }

  /** Takes in what is about secrets and configs, and returns what is about tasks. */
  apply(changes: readonly AssignmentChange[]): TaskChange[] {
    const tasks: TaskChange[] = [];
    for (const { action, assignment } of changes) {
      const item = assignment?.item;
      if (item?.case === "task") tasks.push({ action, task: item.value });
      else if (item?.case === "secret") put(this.#secrets, action, item.value);
      else if (item?.case === "config") put(this.#configs, action, item.value);
    }
    return tasks;
  }
}

function put<T extends { readonly id: string }>(table: Map<string, T>, action: Action, object: T): void {
  if (action === Action.UPDATE) table.set(object.id, object);
  else table.delete(object.id);
}
