import { type Task, taskName } from "../model/task.ts";
import { isUpToDate } from "../model/up-to-date.ts";
import type { ReadTx } from "../store/tx.ts";
import type { ListTasksRequest_Filters as Filters } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { type ControlApiParts, type Methods, notFound, required } from "./parts.ts";
import { explained } from "./ports-in-use.ts";
import { runtimeName } from "./runtime-name.ts";
import { distinct, isAmong, select } from "./select.ts";

export function taskMethods({ store, portsInUse }: ControlApiParts): Methods<"getTask" | "listTasks" | "removeTask"> {
  return {
    async getTask(request) {
      const id = required(request.taskId);
      const found = store.view(tx =>
        explained(
          tx,
          [tx.task.get(id)].flatMap(task => task ?? []),
          portsInUse(),
        ),
      );
      const [task] = found;
      if (!task) throw notFound("task", id);
      return { task };
    },

    async listTasks({ filters }) {
      return { tasks: store.view(tx => explained(tx, listTasks(tx, filters), portsInUse())) };
    },

    async removeTask(request) {
      const id = required(request.taskId);
      await store.update(tx => {
        if (!tx.task.get(id)) throw notFound("task", id);
        tx.task.remove(id);
      });
      return {};
    },
  };
}

function listTasks(tx: ReadTx, filters: Filters | undefined): Task[] {
  if (!filters) return [...tx.task.all()];
  return select(narrowest(tx, filters), filters, task => ({
    name: task.annotations.name || taskName(task),
    labels: task.serviceAnnotations.labels,
  })).filter(
    task =>
      isAmong(task.serviceId, filters.serviceIds) &&
      isAmong(task.nodeId, filters.nodeIds) &&
      isAmong(task.desiredState, filters.desiredStates) &&
      isAmong(runtimeName(task.spec), filters.runtimes) &&
      (!filters.upToDate || isCurrent(tx, task)),
  );
}

function isCurrent(tx: ReadTx, task: Task): boolean {
  const service = tx.service.get(task.serviceId);
  return service !== undefined && isUpToDate(task, service, tx.node.get(task.nodeId));
}

/** The table of tasks, or the part of it that an index gives: `service ps` need not look at the others' tasks. */
function narrowest(tx: ReadTx, { serviceIds, nodeIds, desiredStates }: Filters) {
  const all = () => {
    if (serviceIds.length > 0) return distinct(serviceIds).flatMap(id => [...tx.task.byService(id)]);
    if (nodeIds.length > 0) return distinct(nodeIds).flatMap(id => [...tx.task.byNode(id)]);
    if (desiredStates.length > 0) return distinct(desiredStates).flatMap(state => [...tx.task.byDesiredState(state)]);
    return tx.task.all();
  };
  return {
    all,
    byName: (name: string) => tx.task.byName(name),
    byNamePrefix: (prefix: string) => tx.task.byNamePrefix(prefix),
    byIdPrefix: (prefix: string) => tx.task.byIdPrefix(prefix),
  };
}
