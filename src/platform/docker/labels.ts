import { type Task, taskName } from "../../model/task.ts";

/** Docker's own labels on a task's container; tools look for them. */
export const nodeIdLabel = "com.docker.swarm.node.id";
export const taskIdLabel = "com.docker.swarm.task.id";
const prefix = "com.docker.swarm";

/** A container's labels: the spec's, over them `more`, over them Docker's own. */
export function containerLabels(
  task: Task,
  nodeId: string,
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  const spec = task.spec.runtime.case === "container" ? task.spec.runtime.value.labels : {};
  const annotated = Object.entries(task.annotations.labels).map(([key, value]) => [`${prefix}.${key}`, value] as const);
  return {
    ...spec,
    ...more,
    ...Object.fromEntries(annotated),
    [`${prefix}.task`]: "",
    [taskIdLabel]: task.id,
    [`${prefix}.task.name`]: taskName(task),
    [nodeIdLabel]: nodeId,
    [`${prefix}.service.id`]: task.serviceId,
    [`${prefix}.service.name`]: task.serviceAnnotations.name,
  };
}
