import type { Mode } from "../../compose/stack/spec.ts";
import { withoutDigest } from "../../lib/image-name.ts";
import { type Api, filters } from "../api.ts";
import { type Listing, type ListOptions, printList, type Row } from "../list/listing.ts";
import { shortId } from "../output.ts";
import type { PortView, ServiceView } from "../types.ts";

const listing: Listing = {
  columns: [
    ["ID", "ID"],
    ["NAME", "Name"],
    ["MODE", "Mode"],
    ["REPLICAS", "Replicas"],
    ["IMAGE", "Image"],
    ["PORTS", "Ports"],
  ],
};

/** Services as `docker service ls` shows them. */
export async function printServices(
  api: Api,
  by: Readonly<Record<string, readonly string[]>>,
  options: ListOptions,
): Promise<void> {
  const services = await api.get<ServiceView[]>(`/services?status=true&${filters(by)}`);
  const sorted = [...services].sort((a, b) => a.Spec.Name.localeCompare(b.Spec.Name, undefined, { numeric: true }));
  const rows = sorted.map(
    (service): Row => ({
      ID: shortId(service.ID),
      Name: service.Spec.Name,
      Mode: modeWord(service.Spec.Mode ?? {}),
      Replicas: replicasOf(service),
      Image: withoutDigest(service.Spec.TaskTemplate.ContainerSpec.Image),
      Ports: (service.Endpoint?.Ports ?? []).map(portText).join(", "),
    }),
  );
  printList(listing, rows, sorted, options);
}

function modeWord(mode: Mode): string {
  if (mode.Global) return "global";
  if (mode.GlobalJob) return "global job";
  return mode.ReplicatedJob ? "replicated job" : "replicated";
}

/** "running/wanted", for jobs with what is complete. */
export function replicasOf({ Spec: { Mode = {}, TaskTemplate }, ServiceStatus }: ServiceView): string {
  const { RunningTasks = 0, DesiredTasks = 0, CompletedTasks = 0 } = ServiceStatus ?? {};
  const total = Mode.ReplicatedJob?.TotalCompletions ?? DesiredTasks + CompletedTasks;
  if (Mode.ReplicatedJob || Mode.GlobalJob)
    return `${RunningTasks}/${DesiredTasks} (${CompletedTasks}/${total} completed)`;
  const placement = TaskTemplate.Placement;
  const most = typeof placement === "object" && placement && "MaxReplicas" in placement ? placement.MaxReplicas : 0;
  return `${RunningTasks}/${DesiredTasks}${most ? ` (max ${most} per node)` : ""}`;
}

const portText = ({ PublishedPort, TargetPort, Protocol }: PortView): string =>
  `*:${PublishedPort}->${TargetPort}/${Protocol}`;
