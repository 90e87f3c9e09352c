import { Struct } from "../lib/go-template/value.ts";
import type { NodeDescription } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type Task, taskName } from "./task.ts";

/** What a template can say of the task it is expanded for, and of where that runs. */
export interface TemplateFacts {
  readonly service: { readonly id: string; readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly node: {
    readonly id: string;
    readonly hostname: string;
    readonly architecture: string;
    readonly os: string;
  };
  readonly task: {
    readonly id: string;
    readonly name: string;
    /** The replica's number; of a global service's task the node's id, as SwarmKit has it. */
    readonly slot: string;
  };
}

/** `node` is what the task's node says of itself. */
export function factsOf(task: Task, { hostname, platform }: NodeDescription): TemplateFacts {
  return {
    service: { id: task.serviceId, name: task.serviceAnnotations.name, labels: task.serviceAnnotations.labels },
    node: {
      id: task.nodeId,
      hostname,
      architecture: platform?.architecture ?? "",
      os: platform?.os ?? "",
    },
    task: { id: task.id, name: taskName(task), slot: task.slot === 0n ? task.nodeId : String(task.slot) },
  };
}

/** Go's types of the facts, which SwarmKit's messages name. */
const serviceType = "struct { ID string; Name string; Labels map[string]string }";
const nodeType = "struct { ID string; Hostname string; Platform template.Platform }";
const taskType = "struct { ID string; Name string; Slot string }";

/** What `.` is in a template; `type` is Go's name for it. */
export function templateDot({ service, node, task }: TemplateFacts, type: string): Struct {
  const platform = new Struct("template.Platform", { Architecture: node.architecture, OS: node.os });
  return new Struct(type, {
    Service: new Struct(serviceType, {
      ID: service.id,
      Name: service.name,
      Labels: new Map(Object.entries(service.labels)),
    }),
    Node: new Struct(nodeType, { ID: node.id, Hostname: node.hostname, Platform: platform }),
    Task: new Struct(taskType, { ID: task.id, Name: task.name, Slot: task.slot }),
  });
}
