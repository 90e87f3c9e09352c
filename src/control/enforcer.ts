import type { Node, Service } from "../model/objects.ts";
import { isTerminal, isWanted, type Task } from "../model/task.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { NodeStatus_State as NodeState, type Placement, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type Context, type Decision, type Loop, nothing } from "./loop.ts";
import { satisfiesPlacement } from "./placement.ts";
import { createdAt } from "./slot.ts";
import { turnedAway, withStatus } from "./task-change.ts";
import { isUpdating } from "./update-plan.ts";

export interface EnforcerObservation {
  readonly node: Node;
  readonly tasks: readonly Task[];
  readonly serviceOf: (id: string) => Service | undefined;
}

/** Turns tasks away from nodes that have changed so that they would not be placed there now. Keys are node ids. */
export const enforcerLoop: Loop<EnforcerObservation> = {
  name: "constraint enforcer",
  watches: ["node"],
  keysOf: event => (event.kind === "node" && event.action !== "remove" ? [event.object.id] : []),
  *allKeys(tx) {
    for (const node of tx.node.all()) yield node.id;
  },
  observe(tx, key) {
    const node = tx.node.get(key);
    if (!node) return undefined;
    return { node, tasks: [...tx.task.byNode(key)], serviceOf: id => tx.service.get(id) };
  },
  decide: decideEnforcement,
};

export function decideEnforcement(
  { node, tasks, serviceOf }: EnforcerObservation,
  { now, maxWrites }: Context,
): Decision {
  // A drained node's tasks all go, by another loop; a paused node's are not to be touched; a down node's are moved.
  if (node.spec.availability !== Availability.ACTIVE || node.status.state === NodeState.DOWN) return nothing;
  const placed = tasks.filter(isPlaced).sort((a, b) => createdAt(a) - createdAt(b) || (a.id < b.id ? -1 : 1));
  const misplaced = placed.filter(task => !satisfiesPlacement(node, placementOf(task, serviceOf(task.serviceId))));
  const rest = placed.filter(task => !misplaced.includes(task));
  const rejected = [...misplaced, ...exceeding(node, rest)].slice(0, maxWrites);
  return {
    writes: rejected.map(task => ({
      kind: "update task",
      task: withStatus(task, turnedAway, now),
    })),
  };
}

function isPlaced(task: Task): boolean {
  return isWanted(task) && task.status.state >= TaskState.ASSIGNED && !isTerminal(task.status.state);
}

/** The service's constraints as they are now; while it is being updated the updater sees to each task in its turn. */
function placementOf(task: Task, service: Service | undefined): Placement | undefined {
  return service && !isUpdating(service) ? service.spec.task.placement : task.spec.placement;
}

/** Tasks that the node's resources do not reach for any more, the youngest. Nothing is known of a node at first. */
function exceeding(node: Node, placed: readonly Task[]): Task[] {
  const resources = node.description?.resources;
  if (!resources) return [];
  let cpus = resources.nanoCpus;
  let memory = resources.memoryBytes;
  return placed.filter(({ spec }) => {
    const reserved = spec.resources?.reservations;
    if (!reserved) return false;
    if (reserved.nanoCpus > cpus || reserved.memoryBytes > memory) return true;
    cpus -= reserved.nanoCpus;
    memory -= reserved.memoryBytes;
    return false;
  });
}
