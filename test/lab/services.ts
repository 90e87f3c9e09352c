import type { Daemon } from "./daemon.ts";

/** What tests look at in a task's JSON. */
export interface TaskView {
  readonly ID: string;
  readonly NodeID?: string;
  readonly Slot?: number;
  readonly DesiredState: string;
  readonly Status: {
    readonly State: string;
    readonly Message: string;
    readonly Err?: string;
    readonly ContainerStatus?: { readonly ContainerID: string; readonly PID: number };
  };
}

/** Creates a replicated service and gives its id. */
export async function createService(
  daemon: Daemon,
  name: string,
  { replicas, image = "shoal/sleep" }: { replicas: number; image?: string },
): Promise<string> {
  const answer = await daemon.apiOk("POST", "/services/create", {
    Name: name,
    TaskTemplate: { ContainerSpec: { Image: image } },
    Mode: { Replicated: { Replicas: replicas } },
  });
  return (answer as { ID: string }).ID;
}

/** Every task of a service, history included. */
export async function tasksOf(daemon: Daemon, service: string): Promise<TaskView[]> {
  return (await daemon.apiOk("GET", `/tasks?filters=${JSON.stringify({ service: [service] })}`)) as TaskView[];
}
