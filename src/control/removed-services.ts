import type { Task } from "../model/task.ts";
import type { ReadTx } from "../store/tx.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { taskEventOf } from "./hints.ts";
import type { Context, Decision, Loop } from "./loop.ts";
import { removed } from "./task-change.ts";

/** Asks for the removal of all tasks whose service is gone. Keys are service ids. */
export const removedServicesLoop: Loop<readonly Task[]> = {
  name: "removed services",
  watches: ["service", "task"],
  keysOf(event, tx) {
    if (event.kind === "service") return event.action === "remove" ? [event.object.id] : [];
    const change = taskEventOf(event);
    return change && !change.gone && isAstray(change.task, tx) ? [change.task.serviceId] : [];
  },
  *allKeys(tx) {
    for (const task of tx.task.all()) if (isAstray(task, tx)) yield task.serviceId;
  },
  observe: (tx, key) => (tx.service.get(key) ? undefined : [...tx.task.byService(key)]),
  decide: decideRemoval,
};

function isAstray(task: Task, tx: ReadTx): boolean {
  return task.serviceId !== "" && task.desiredState < TaskState.REMOVE && !tx.service.get(task.serviceId);
}

export function decideRemoval(tasks: readonly Task[], { maxWrites }: Context): Decision {
  return { writes: tasks.flatMap(removed).slice(0, maxWrites) };
}
