import { type Api, filters } from "./api.ts";
import { CliError } from "./failure.ts";
import { print } from "./output.ts";
import type { NodeView, ServiceView, TaskView } from "./types.ts";

const pollMs = 200;

/** Waits until every wanted task of a service runs and its update is done; an error when the update was paused. */
export async function converge(api: Api, id: string): Promise<void> {
  let shown = "";
  for (;;) {
    const service = await api.get<ServiceView>(`/services/${id}`);
    const { State = "", Message = "" } = service.UpdateStatus ?? {};
    if (State === "paused" || State === "rollback_paused") throw new CliError(`service update paused: ${Message}`);
    const [running, wanted, reason] = await progress(api, service);
    const line = `${service.Spec.Name}: ${running} of ${wanted} running${reason ? ` (${reason})` : ""}`;
    if (line !== shown) print(line);
    shown = line;
    if (running === wanted && !waitsForTasks(service, wanted) && State !== "updating" && State !== "rollback_started")
      return;
    await new Promise(done => setTimeout(done, pollMs));
  }
}

async function progress(api: Api, service: ServiceView): Promise<[number, number, string]> {
  const upToDate = filters({ service: [service.ID], "_up-to-date": ["true"] });
  const [tasks, nodes] = await Promise.all([api.get<TaskView[]>(`/tasks?${upToDate}`), api.get<NodeView[]>("/nodes")]);
  const down = new Set(nodes.filter(node => node.Status.State === "down").map(node => node.ID));
  const wanted = tasks.filter(task => task.DesiredState === "running" && !down.has(task.NodeID ?? ""));
  const running = new Set(wanted.filter(task => task.Status.State === "running").map(task => task.Slot ?? task.NodeID));
  const waiting = wanted.find(task => task.Status.Err);
  const replicas = service.Spec.Mode?.Replicated?.Replicas;
  const places = new Set(wanted.map(task => task.NodeID));
  return [running.size, replicas ?? places.size, waiting?.Status.Err ?? ""];
}

/** How many tasks a global service is to have shows only once it has some. */
function waitsForTasks({ Spec }: ServiceView, wanted: number): boolean {
  return Spec.Mode?.Global !== undefined && wanted === 0;
}
