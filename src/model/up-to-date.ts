import { Fault } from "../lib/fault.ts";
import { same } from "../lib/same.ts";
import type { TaskSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { meetsConstraints, parseConstraints } from "./constraint.ts";
import type { Node, Service } from "./objects.ts";
import type { Task } from "./task.ts";

/** How what a task was made from stands to what its service asks for now. */
export type Difference = "none" | "constraints" | "more";

/**
 * Whether the task is what its service asks for now. The updater replaces the others, and clients that wait for an update
 * to converge look at these alone: both must judge alike. Not every change of a spec changes its tasks: more replicas do
 * not, nor constraints that the task's node meets. SwarmKit judges the same.
 */
export function isUpToDate(task: Task, service: Service, node: Node | undefined): boolean {
  return isUpToDateWith(differenceOf(task, service), service, node);
}

/** The same for a difference that is known already. */
export function isUpToDateWith(difference: Difference, service: Service, node: Node | undefined): boolean {
  switch (difference) {
    case "none":
      return true;
    case "constraints":
      return node !== undefined && allows(service.spec.task, node);
    case "more":
      return false;
    default:
      return difference satisfies never;
  }
}

/** Depends on the task's spec version and on `isPulled` alone, as far as one service's tasks are concerned. */
export function differenceOf(task: Task, { spec, specVersion }: Service): Difference {
  if (specVersion && task.specVersion?.index === specVersion.index) return "none";
  if (task.endpoint && !same(task.endpoint.spec, spec.endpoint)) return "more";
  const wanted = comparable(spec.task, task);
  const actual = comparable(task.spec, task);
  if (same(wanted, actual)) return "none";
  return same(unconstrained(wanted), unconstrained(actual)) ? "constraints" : "more";
}

/** Whether the task has its image: then it does not matter to it any more how to log in for that. */
export function isPulled({ status: { state } }: Task): boolean {
  return state >= TaskState.READY && state <= TaskState.RUNNING;
}

function comparable(spec: TaskSpec, task: Task): TaskSpec {
  if (!isPulled(task) || spec.runtime.case !== "container") return spec;
  const { pullOptions: _, ...container } = spec.runtime.value;
  return { ...spec, runtime: { case: "container", value: container } };
}

/** A placement that says nothing but constraints is none without them. */
function unconstrained(spec: TaskSpec): TaskSpec {
  const { placement, ...rest } = spec;
  if (!placement) return spec;
  const others = placement.preferences.length + placement.platforms.length > 0 || placement.maxReplicas > 0n;
  return others ? { ...rest, placement: { ...placement, constraints: [] } } : rest;
}

function allows({ placement }: TaskSpec, node: Node): boolean {
  try {
    return meetsConstraints(node, parseConstraints(placement?.constraints ?? []));
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}
