import { type Api, filters } from "../api.ts";
import { ApiError } from "../failure.ts";
import { progressOf } from "../progress/service-progress.ts";
import type { InfoView, NodeView, ServiceView, SwarmView, TaskView } from "../types.ts";

/** What a daemon tells about its swarm just now. */
export interface Facts {
  readonly info: InfoView;
  /** What only managers know; undefined when this node is none, or cannot say. */
  readonly swarm: SwarmFacts | undefined;
  /** Why a manager could not say: its error. */
  readonly error: string | undefined;
}

export interface SwarmFacts {
  readonly cluster: SwarmView;
  readonly nodes: readonly NodeView[];
  readonly services: readonly ServiceView[];
  /** Of the services that have not got all the tasks they want, ended ones too. */
  readonly tasks: readonly TaskView[];
}

export async function factsOf(api: Api): Promise<Facts> {
  const info = await api.get<InfoView>("/info");
  if (!info.Swarm.ControlAvailable) return { info, swarm: undefined, error: undefined };
  try {
    return { info, swarm: await swarmFacts(api), error: undefined };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { info, swarm: undefined, error: error.message };
  }
}

async function swarmFacts(api: Api): Promise<SwarmFacts> {
  const [cluster, nodes, services] = await Promise.all([
    api.get<SwarmView>("/swarm"),
    api.get<NodeView[]>("/nodes"),
    api.get<ServiceView[]>("/services?status=true"),
  ]);
  const ids = services.filter(service => !hasAll(service)).map(service => service.ID);
  const tasks = ids.length > 0 ? await api.get<TaskView[]>(`/tasks?${filters({ service: ids })}`) : [];
  return { cluster, nodes, services, tasks };
}

/** Whether a service has what it wants; tasks that ended as they should count, too, and a job does when nothing is left. */
export function isUp(service: ServiceView, { tasks, nodes }: Pick<SwarmFacts, "tasks" | "nodes">): boolean {
  if (hasAll(service)) return true;
  const own = tasks.filter(task => task.ServiceID === service.ID);
  return own.length > 0 && progressOf(service, own, nodes).state === "done";
}

function hasAll({ ServiceStatus, UpdateStatus }: ServiceView): boolean {
  const { RunningTasks = 0, DesiredTasks = 0 } = ServiceStatus ?? {};
  return RunningTasks >= DesiredTasks && !/paused$/.test(UpdateStatus?.State ?? "");
}
