import { same } from "../lib/same.ts";
import { meetsConstraints, parseConstraints } from "../model/constraint.ts";
import type { Node, Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import type { TaskSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/**
 * Whether the task is what its service asks for now. Clients that wait for an update to converge look at these tasks
 * alone. Not every change of a spec changes its tasks: more replicas do not, nor constraints that the task's node meets.
 */
export function isUpToDate(task: Task, { spec, specVersion }: Service, node: Node | undefined): boolean {
  if (specVersion && task.specVersion?.index === specVersion.index) return true;
  if (task.endpoint && !same(task.endpoint.spec, spec.endpoint)) return false;
  const wanted = comparable(spec.task, task);
  const actual = comparable(task.spec, task);
  if (same(wanted, actual)) return true;
  return same(unconstrained(wanted), unconstrained(actual)) && node !== undefined && allows(spec.task, node);
}

/** The spec without what no longer matters to the task: how to log in for an image that is there already. */
function comparable(spec: TaskSpec, { status }: Task): TaskSpec {
  const pulled = status.state >= TaskState.READY && status.state <= TaskState.RUNNING;
  if (!pulled || spec.runtime.case !== "container") return spec;
  const { pullOptions: _, ...container } = spec.runtime.value;
  return { ...spec, runtime: { case: "container", value: container } };
}

function unconstrained(spec: TaskSpec): TaskSpec {
  return spec.placement ? { ...spec, placement: { ...spec.placement, constraints: [] } } : spec;
}

function allows({ placement }: TaskSpec, node: Node): boolean {
  return meetsConstraints(node, parseConstraints(placement?.constraints ?? []));
}
