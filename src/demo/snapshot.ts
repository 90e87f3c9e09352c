import type { ApiNode, ApiService, ApiTask } from "./api-types.ts";
import type { Cluster } from "./cluster.ts";

/** The swarm at one moment, as the demo shows it. */
export interface Snapshot {
  readonly nodes: readonly { readonly name: string; readonly state: string }[];
  readonly services: readonly {
    readonly name: string;
    readonly image: string;
    readonly running: number;
    readonly desired: number;
  }[];
  readonly tasks: readonly TaskLine[];
}

export interface TaskLine {
  readonly id: string;
  /** Like "web.3". */
  readonly name: string;
  readonly node: string;
  readonly state: string;
  /** Why it is not running, where something says so. */
  readonly reason: string;
  /** Whether it is one of those that should run. */
  readonly wanted: boolean;
}

export async function takeSnapshot(cluster: Cluster): Promise<Snapshot> {
  const [nodes, services, tasks] = await Promise.all([cluster.nodes(), cluster.services(), cluster.tasks()]);
  return summarize(nodes, services, tasks);
}

/** Sorted by name: the order of lists is the daemon's to choose. */
export function summarize(
  nodes: readonly ApiNode[],
  services: readonly ApiService[],
  tasks: readonly ApiTask[],
): Snapshot {
  const nodeName = new Map(nodes.map(node => [node.ID, node.Description.Hostname]));
  const serviceName = new Map(services.map(service => [service.ID, service.Spec.Name]));
  return {
    nodes: nodes
      .map(node => ({ name: node.Description.Hostname, state: node.Status.State }))
      .sort((a, b) => byName(a.name, b.name)),
    services: services
      .map(({ Spec, ServiceStatus }) => ({
        name: Spec.Name,
        image: Spec.TaskTemplate.ContainerSpec.Image,
        running: ServiceStatus?.RunningTasks ?? 0,
        desired: ServiceStatus?.DesiredTasks ?? Spec.Mode.Replicated?.Replicas ?? 0,
      }))
      .sort((a, b) => byName(a.name, b.name)),
    tasks: tasks
      .flatMap(task => {
        const service = serviceName.get(task.ServiceID);
        return service === undefined ? [] : [taskLine(task, service, nodeName.get(task.NodeID ?? "") ?? "")];
      })
      .sort((a, b) => byName(a.name, b.name)),
  };
}

function taskLine(task: ApiTask, service: string, node: string): TaskLine {
  return {
    id: task.ID,
    name: `${service}.${task.Slot ?? node}`,
    node,
    state: task.Status.State,
    reason: task.Status.Err ?? "",
    wanted: task.DesiredState === "running" || task.DesiredState === "ready",
  };
}

const byName = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true });

/** Whether everything that should run does, and nothing else is under way. */
export function hasConverged({ services }: Snapshot): boolean {
  return services.length > 0 && services.every(({ running, desired }) => running === desired);
}
