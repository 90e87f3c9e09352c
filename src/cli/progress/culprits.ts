import type { Api } from "../api.ts";
import type { ServiceView, TaskView } from "../types.ts";

/** How an update that did not work out ends its message: with the id of the task that made it stop. SwarmKit's text. */
const named = /\bfailure or early termination of task (\w+)$/;

/**
 * What the tasks died of that made updates stop. An update that has been rolled back names none any more, so what is found on
 * the way is remembered.
 */
export class Culprits {
  readonly #api: Pick<Api, "find">;
  readonly #errors = new Map<string, { readonly taskId: string; readonly error: string }>();

  constructor(api: Pick<Api, "find">) {
    this.#api = api;
  }

  /** Looks up the task that the service's update status names, once. */
  async lookAt({ ID, UpdateStatus }: ServiceView): Promise<void> {
    const taskId = named.exec(UpdateStatus?.Message ?? "")?.[1];
    if (taskId === undefined || this.#errors.get(ID)?.taskId === taskId) return;
    const task = await this.#api.find<TaskView>(`/tasks/${taskId}`);
    this.#errors.set(ID, { taskId, error: task?.Status.Err ?? "" });
  }

  /** What the service's task died of; "" when nobody knows. */
  errorOf({ ID }: ServiceView): string {
    return this.#errors.get(ID)?.error ?? "";
  }
}
