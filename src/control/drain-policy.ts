import { parseSpan } from "../lib/span.ts";
import type { Node, Service } from "../model/objects.ts";
import { nodeLabels } from "../model/shoal-labels.ts";
import { isWanted, type Task } from "../model/task.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { TaskState, UpdateConfig_UpdateOrder as UpdateOrder } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { isReachable } from "./placement.ts";
import { modeOf } from "./service-mode.ts";

/** How long tasks stay on a drained node while their replacements come up, where its label does not say. */
export const defaultDrainTimeoutMs = 30 * 60_000;

/** In milliseconds; a label that cannot be read counts as none. */
export function drainTimeoutMs({ spec: { annotations } }: Node): number {
  return parseSpan(annotations.labels[nodeLabels.drainTimeout] ?? "") ?? defaultDrainTimeoutMs;
}

/** Whether the service's tasks leave a drained node only after their replacements run. */
export function drainsStartFirst(service: Service): boolean {
  return modeOf(service).kind === "replicated" && service.spec.update?.order === UpdateOrder.START_FIRST;
}

/** Whether the node is up, and what runs there has to leave it. */
function isDrained(node: Node | undefined): node is Node {
  return isReachable(node) && node.spec.availability === Availability.DRAIN;
}

/**
 * Whether the task runs on a drained node until its replacement runs: the drain loop sees to it, and nobody else stops or
 * replaces it. What does not run yet serves nobody, and is moved like any other.
 */
export function isLeaving(task: Task, node: Node | undefined, service: Service): boolean {
  return isWanted(task) && task.status.state === TaskState.RUNNING && isDrained(node) && drainsStartFirst(service);
}
