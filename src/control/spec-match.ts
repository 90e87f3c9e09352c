import { same } from "../lib/same.ts";
import type { Node, Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import type { TaskSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { satisfiesPlacement } from "./placement.ts";

/** How a task's spec stands to its service's: only placement constraints may differ without needing a new task. */
type Difference = "none" | "constraints" | "more";

/**
 * Tells which tasks of one service are not what the service asks for now. Tasks with the same spec version were made
 * from the same spec, so each version is compared once.
 */
export class SpecMatch {
  readonly #service: Service;
  readonly #byVersion = new Map<bigint, Difference>();

  constructor(service: Service) {
    this.#service = service;
  }

  /** `node` is the one the task is on, if any. */
  isOutdated(task: Task, node: Node | undefined): boolean {
    const difference = this.#difference(task);
    switch (difference) {
      case "none":
        return false;
      case "constraints":
        return !node || !satisfiesPlacement(node, this.#service.spec.task.placement);
      case "more":
        return true;
      default:
        return difference satisfies never;
    }
  }

  #difference(task: Task): Difference {
    const version = task.specVersion?.index;
    if (version === undefined) return compare(this.#service, task);
    const known = this.#byVersion.get(version) ?? this.#compareOnce(task, version);
    this.#byVersion.set(version, known);
    return known;
  }

  #compareOnce(task: Task, version: bigint): Difference {
    return version === this.#service.specVersion?.index ? "none" : compare(this.#service, task);
  }
}

function compare(service: Service, task: Task): Difference {
  if (!same(service.spec.endpoint, task.endpoint?.spec)) return "more";
  if (same(service.spec.task, task.spec)) return "none";
  return same(unconstrained(service.spec.task), unconstrained(task.spec)) ? "constraints" : "more";
}

function unconstrained(spec: TaskSpec): TaskSpec {
  const { placement, ...rest } = spec;
  if (!placement) return spec;
  const { preferences, platforms, maxReplicas } = placement;
  const others = preferences.length + platforms.length > 0 || maxReplicas > 0n;
  return others ? { ...rest, placement: { ...placement, constraints: [] } } : rest;
}
