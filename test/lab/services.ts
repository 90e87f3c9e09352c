import { eventually } from "./command.ts";
import type { DockerClient } from "./docker-client.ts";

/** What tests look at in a task's JSON. */
export interface TaskView {
  readonly ID: string;
  readonly NodeID?: string;
  readonly Slot?: number;
  readonly DesiredState: string;
  readonly Status: {
    readonly Timestamp: string;
    readonly State: string;
    readonly Message: string;
    readonly Err?: string;
    readonly ContainerStatus?: { readonly ContainerID: string; readonly PID: number };
  };
}

/** Creates a replicated service and gives its id. */
export async function createService(
  asked: DockerClient,
  name: string,
  { replicas, image = "shoal/sleep" }: { replicas: number; image?: string },
): Promise<string> {
  const answer = await asked.apiOk("POST", "/services/create", {
    Name: name,
    TaskTemplate: { ContainerSpec: { Image: image } },
    Mode: { Replicated: { Replicas: replicas } },
  });
  return (answer as { ID: string }).ID;
}

/** Every task of a service, history included. */
export async function tasksOf(asked: DockerClient, service: string): Promise<TaskView[]> {
  return (await asked.apiOk("GET", `/tasks?filters=${JSON.stringify({ service: [service] })}`)) as TaskView[];
}

/** Waits until a service has exactly `count` running tasks that are wanted, and gives them. */
export function runningTasks(asked: DockerClient, service: string, count: number): Promise<readonly TaskView[]> {
  return eventually(`${service} has ${count} running tasks`, async () => {
    const tasks = (await tasksOf(asked, service)).filter(
      task => task.DesiredState === "running" && task.Status.State === "running",
    );
    return tasks.length === count ? tasks : undefined;
  });
}

/** The processes (or containers' first processes) of tasks, in order. */
export function pidsOf(tasks: readonly TaskView[]): number[] {
  return tasks.map(task => task.Status.ContainerStatus?.PID ?? 0).sort((a, b) => a - b);
}

/** Changes how often nodes report, in milliseconds. */
export async function setHeartbeat(manager: DockerClient, periodMs: number): Promise<void> {
  const cluster = (await manager.apiOk("GET", "/swarm")) as { Version: { Index: number }; Spec: object };
  const spec = { ...cluster.Spec, Dispatcher: { HeartbeatPeriod: periodMs * 1_000_000 } };
  await manager.apiOk("POST", `/swarm/update?version=${cluster.Version.Index}`, spec);
}
