import type { Task } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { ContainerSpec } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { GenericResource } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Image } from "./image.ts";
import type { PlanNode } from "./plan.ts";
import type { PlannedPort } from "./port-plan.ts";

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface EnvironmentSource {
  readonly task: Task;
  readonly spec: ContainerSpec;
  readonly image: Image;
  readonly hostname: string;
  readonly node: PlanNode;
  readonly ports: readonly PlannedPort[];
}

/**
 * A task's environment, KEY=value: what every container has, what this runtime tells its tasks (who they are, and the
 * loopback port each of their published ports leads to), then the spec's own, which wins. A bare KEY removes it.
 */
export function environment(source: EnvironmentSource): string[] {
  const { task, spec, image, node, ports } = source;
  const values = new Map<string, string>([
    ["PATH", defaultPath],
    ["HOME", "/root"],
    ["HOSTNAME", source.hostname],
    ["SHOAL_TASK_ID", task.id],
    ["SHOAL_TASK_NAME", `${task.serviceAnnotations?.name ?? ""}.${task.slot === 0n ? task.nodeId : task.slot}`],
    ["SHOAL_SERVICE_ID", task.serviceId],
    ["SHOAL_SERVICE_NAME", task.serviceAnnotations?.name ?? ""],
    ["SHOAL_SLOT", String(task.slot)],
    ["SHOAL_NODE_ID", node.nodeId],
    ["SHOAL_NODE_HOSTNAME", node.hostname],
  ]);
  if (image.directory !== undefined) values.set("SHOAL_IMAGE_DIR", image.directory);
  const [first] = ports;
  if (first) values.set("PORT", String(first.localPort));
  for (const port of ports) values.set(`PORT_${port.targetPort}`, String(port.localPort));
  for (const [key, value] of resourceVariables(task.assignedGenericResources)) values.set(key, value);
  for (const entry of spec.env) {
    const at = entry.indexOf("=");
    if (at < 0) values.delete(entry);
    else values.set(entry.slice(0, at), entry.slice(at + 1));
  }
  return [...values].map(([key, value]) => `${key}=${value}`);
}

/** `DOCKER_RESOURCE_KIND=value,value`, as Docker tells a container which generic resources are its own. */
function resourceVariables(resources: readonly GenericResource[]): Map<string, string> {
  const variables = new Map<string, string>();
  for (const { resource } of resources) {
    if (resource.case === undefined) continue;
    const key = `DOCKER_RESOURCE_${resource.value.kind.toUpperCase()}`;
    const before = variables.get(key);
    variables.set(key, before === undefined ? String(resource.value.value) : `${before},${resource.value.value}`);
  }
  return variables;
}
