import type { NodeView, ServiceView, TaskView } from "./types.ts";

let tasks = 0;

/** A task that runs on node `n1`; later ones are newer. */
export function task(
  members: Partial<Omit<TaskView, "Status">> & { state?: string; error?: string; message?: string } = {},
): TaskView {
  const { state = "running", error, message = "", ...rest } = members;
  tasks += 1;
  const at = new Date(1_800_000_000_000 + tasks * 1000).toISOString();
  return {
    ID: `t${tasks}`,
    UpdatedAt: at,
    ServiceID: "s1",
    NodeID: "n1",
    Slot: 1,
    Spec: { ContainerSpec: { Image: "nginx" } },
    DesiredState: "running",
    Status: {
      State: state,
      Timestamp: at,
      Message: message,
      ...(error === undefined ? {} : { Err: error }),
    },
    ...rest,
  };
}

/** Service `web` with one replica, older than every task. */
export function serviceView(spec: object = {}, members: object = {}): ServiceView {
  return {
    ID: "s1",
    Version: { Index: 1 },
    UpdatedAt: "2027-01-15T00:00:00Z",
    Spec: {
      Name: "web",
      TaskTemplate: { ContainerSpec: { Image: "nginx" } },
      Mode: { Replicated: { Replicas: 1 } },
      ...spec,
    },
    ...members,
  };
}

export function node(name: string, members: Partial<NodeView> = {}): NodeView {
  return {
    ID: name,
    Version: { Index: 1 },
    Spec: { Role: "worker", Availability: "active" },
    Description: { Hostname: name, Engine: { EngineVersion: "1" } },
    Status: { State: "ready", Addr: "10.0.0.1" },
    ...members,
  };
}
