import { withoutDigest } from "../lib/image-name.ts";
import { type Api, filters } from "./api.ts";
import { type Listing, type ListOptions, parseFilters, printList, type Row } from "./list/listing.ts";
import { ago, capital, shortId } from "./output.ts";
import type { InfoView, NodeView, ServiceView, TaskView } from "./types.ts";

/** Longest reason shown without `--no-trunc`. */
const errorWidth = 60;

export interface TaskListOptions extends ListOptions {
  readonly trunc: boolean;
  /** Names instead of ids. */
  readonly resolve: boolean;
}

const listing: Listing = {
  columns: [
    ["ID", "ID"],
    ["NAME", "Name"],
    ["IMAGE", "Image"],
    ["NODE", "Node"],
    ["DESIRED STATE", "DesiredState"],
    ["CURRENT STATE", "CurrentState"],
    ["ERROR", "Error"],
    ["PORTS", "Ports"],
  ],
};

/** Tasks as `docker service ps` shows them: newest first in each slot, older ones indented. */
export async function printTasks(
  api: Api,
  by: Readonly<Record<string, readonly string[]>>,
  options: TaskListOptions,
): Promise<void> {
  const asked = await withOwnId(api, parseFilters(options.filter));
  const tasks = await api.get<TaskView[]>(`/tasks?${filters({ ...asked, ...by })}`);
  const [services, nodes] = options.resolve
    ? await Promise.all([api.get<ServiceView[]>("/services"), api.get<NodeView[]>("/nodes")])
    : [[], []];
  const serviceName = new Map(services.map(service => [service.ID, service.Spec.Name]));
  const nodeName = new Map(nodes.map(node => [node.ID, node.Description.Hostname]));
  const nameOf = (task: TaskView): string =>
    `${serviceName.get(task.ServiceID) ?? task.ServiceID}.${task.Slot || task.NodeID || ""}`;
  const newestFirst = (a: TaskView, b: TaskView): number =>
    nameOf(a).localeCompare(nameOf(b), undefined, { numeric: true }) ||
    Date.parse(b.Status.Timestamp) - Date.parse(a.Status.Timestamp);
  const sorted = [...tasks].sort(newestFirst);
  const rows = sorted.map((task, at): Row => {
    const previous = sorted[at - 1];
    const name = nameOf(task);
    const isTable = (options.format ?? "table").startsWith("table");
    return {
      ID: options.trunc && !options.quiet ? shortId(task.ID) : task.ID,
      Name: isTable && previous && nameOf(previous) === name ? ` \\_ ${name}` : name,
      Image: options.trunc ? withoutDigest(task.Spec.ContainerSpec.Image) : task.Spec.ContainerSpec.Image,
      Node: nodeName.get(task.NodeID ?? "") ?? task.NodeID ?? "",
      DesiredState: capital(task.DesiredState),
      CurrentState: `${capital(task.Status.State)} ${ago(task.Status.Timestamp)}`,
      Error: shortened(task.Status.Err ?? "", options.trunc),
      Ports: portsOf(task),
    };
  });
  printList(listing, rows, sorted, options);
}

/** `node=self` is the daemon's own node: docker's CLI puts its id there, the API knows of no such word. */
async function withOwnId(api: Api, by: Record<string, string[]>): Promise<Record<string, string[]>> {
  if (!by.node?.includes("self")) return by;
  const { Swarm } = await api.get<InfoView>("/info");
  return { ...by, node: by.node.map(name => (name === "self" ? Swarm.NodeID : name)) };
}

function shortened(error: string, truncate: boolean): string {
  return truncate && error.length > errorWidth ? `${error.slice(0, errorWidth - 1)}…` : error;
}

function portsOf({ Status }: TaskView): string {
  const ports = Status.PortStatus?.Ports ?? [];
  return ports.map(port => `*:${port.PublishedPort}->${port.TargetPort}/${port.Protocol}`).join(",");
}
