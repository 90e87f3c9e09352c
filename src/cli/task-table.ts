import type { Api } from "./api.ts";
import { ago, capital, shortId, table } from "./output.ts";
import type { NodeView, ServiceView, TaskView } from "./types.ts";

/** Longest reason shown without `--no-trunc`. */
const errorWidth = 60;

/** Tasks as `docker service ps` shows them: newest first in each slot, older ones indented. */
export async function taskTable(api: Api, tasks: readonly TaskView[], truncate: boolean): Promise<string> {
  const [services, nodes] = await Promise.all([api.get<ServiceView[]>("/services"), api.get<NodeView[]>("/nodes")]);
  const serviceName = new Map(services.map(service => [service.ID, service.Spec.Name]));
  const nodeName = new Map(nodes.map(node => [node.ID, node.Description.Hostname]));
  const nameOf = (task: TaskView): string =>
    `${serviceName.get(task.ServiceID) ?? task.ServiceID}.${task.Slot ?? task.NodeID ?? ""}`;
  const newestFirst = (a: TaskView, b: TaskView): number =>
    nameOf(a).localeCompare(nameOf(b), undefined, { numeric: true }) ||
    Date.parse(b.Status.Timestamp) - Date.parse(a.Status.Timestamp);
  let before = "";
  const rows = [...tasks].sort(newestFirst).map(task => {
    const name = nameOf(task);
    const shown = name === before ? ` \\_ ${name}` : name;
    before = name;
    const error = task.Status.Err ?? "";
    return [
      truncate ? shortId(task.ID) : task.ID,
      shown,
      task.Spec.ContainerSpec.Image,
      nodeName.get(task.NodeID ?? "") ?? task.NodeID ?? "",
      capital(task.DesiredState),
      `${capital(task.Status.State)} ${ago(task.Status.Timestamp)}`,
      truncate && error.length > errorWidth ? `${error.slice(0, errorWidth - 1)}…` : error,
    ];
  });
  return table(["ID", "NAME", "IMAGE", "NODE", "DESIRED STATE", "CURRENT STATE", "ERROR"], rows);
}
