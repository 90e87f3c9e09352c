import type { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type Answer, json } from "../answer.ts";
import type { RouteContext } from "../context.ts";
import { fromTask, taskStates } from "../convert/task.ts";
import { HttpError } from "../errors.ts";
import { type Filters, parseFilters } from "../filters.ts";
import { findNode, findService, findTask } from "../lookup.ts";

/** `_up-to-date` is what progress displays ask: only tasks made from the present spec of their service. */
const acceptedFilters = ["name", "id", "label", "service", "node", "desired-state", "_up-to-date", "runtime"];

/** GET /tasks. 404 for a service or node in the filters that is not there. */
export async function listTasks(context: RouteContext): Promise<Answer> {
  const filters = parseFilters(context.query, acceptedFilters);
  const control = context.control();
  const serviceIds: string[] = [];
  for (const name of filters.get("service")) serviceIds.push((await findService(control, name)).id);
  const nodeIds: string[] = [];
  for (const name of filters.get("node")) nodeIds.push((await findNode(control, name)).id);
  const { tasks } = await control.listTasks({
    filters: {
      namePrefixes: [...filters.get("name")],
      idPrefixes: [...filters.get("id")],
      labels: filters.pairs("label"),
      serviceIds,
      nodeIds,
      desiredStates: desiredStates(filters),
      upToDate: filters.get("_up-to-date").length > 0,
      runtimes: filters.has("runtime") ? [...filters.get("runtime")] : ["container", ""],
    },
  });
  return json(tasks.map(fromTask));
}

function desiredStates(filters: Filters): TaskState[] {
  return filters.get("desired-state").flatMap(word => {
    if (word === "") return [];
    const state = taskStates.find(word.toLowerCase());
    if (state === undefined) throw new HttpError(500, `Invalid desired-state filter: '${word}'`);
    return [state];
  });
}

/** GET /tasks/{id}. */
export async function inspectTask(context: RouteContext): Promise<Answer> {
  return json(fromTask(await findTask(context.control(), context.params.id ?? "")));
}
