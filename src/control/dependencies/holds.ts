import type { Task } from "../../model/task.ts";
import type { ReadTx, StoreEvent } from "../../store/tx.ts";
import { notesOf } from "../task-notes.ts";
import { type Wait, waitOf } from "./waits.ts";

/** Remembers which services held tasks wait for, so that only their changes lead to another look. */
export class Holds {
  readonly #awaited = new Set<string>();

  /** Whether the change may let tasks go on, or say something else of what they wait for. */
  concerns(event: StoreEvent): boolean {
    if (event.kind === "service") return true;
    if (event.kind !== "task" || !this.#awaited.has(event.object.serviceId)) return false;
    const { action, object } = event;
    return (
      action !== "update" ||
      event.old.status.state !== object.status.state ||
      event.old.desiredState !== object.desiredState
    );
  }

  /** Forgets what was waited for: looks find it anew. */
  clear(): void {
    this.#awaited.clear();
  }

  /** For one look at many tasks: why a task is not to start yet; undefined when it may. */
  look(tx: ReadTx): (task: Task) => string | undefined {
    const known = new Map<string, Wait | undefined>();
    return task => {
      const { serviceId } = task;
      if (!known.has(serviceId)) known.set(serviceId, this.#waitOf(serviceId, tx));
      const wait = known.get(serviceId);
      return wait === undefined || notesOf(task).replaces ? undefined : wait.text;
    };
  }

  #waitOf(serviceId: string, tx: ReadTx): Wait | undefined {
    const service = tx.service.get(serviceId);
    const wait = service && waitOf(service, tx);
    for (const id of wait?.services ?? []) this.#awaited.add(id);
    return wait;
  }
}
