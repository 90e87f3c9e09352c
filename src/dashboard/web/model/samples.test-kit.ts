import type { Change, Node, Objects, Service, Task } from "./objects.ts";
import { Swarm } from "./swarm.ts";

const stamps = { Version: {}, CreatedAt: "2026-11-21T10:00:00Z", UpdatedAt: "2026-11-21T10:00:00Z" };

export function aTask(ID: string, more: Partial<Task> = {}): Task {
  const state = { State: "running", DesiredState: "running", Since: stamps.CreatedAt } as const;
  return { ID, ...stamps, ...state, ServiceID: "s1", NodeID: "n1", Slot: 1, ...more };
}

export function aNode(ID: string, more: Partial<Node> = {}): Node {
  return {
    ...{ ID, ...stamps },
    Spec: { Role: "worker", Availability: "active" },
    Description: { Hostname: ID, Platform: {}, Resources: {}, Engine: {} },
    Status: { State: "ready" },
    ...more,
  };
}

export function aService(ID: string, replicas: number, more: Partial<Service> = {}): Service {
  const Spec = { Name: ID, TaskTemplate: {}, Mode: { Replicated: { Replicas: replicas } } };
  return { ID, ...stamps, Spec, ...more };
}

/** A swarm with these objects. */
export function swarmOf(objects: { readonly [K in keyof Objects]?: readonly Objects[K][] }): Swarm {
  const swarm = new Swarm();
  for (const [Kind, all] of Object.entries(objects))
    swarm.apply(
      all.map(object => ({ Kind, ID: "ID" in object ? object.ID : Kind, Version: 1, Object: object }) as Change),
    );
  return swarm;
}
