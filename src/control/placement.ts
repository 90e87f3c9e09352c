import { Fault } from "../lib/fault.ts";
import { type Constraint, meetsConstraints, parseConstraints } from "../model/constraint.ts";
import type { Node } from "../model/objects.ts";
import { platformFits } from "../model/platform.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { NodeStatus_State as NodeState, type Placement } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** The constraints of a placement; undefined when they cannot be read: then no node satisfies them. */
export function constraintsOf(placement: Placement | undefined): readonly Constraint[] | undefined {
  try {
    return parseConstraints(placement?.constraints ?? []);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

export function satisfiesPlacement(node: Node, placement: Placement | undefined): boolean {
  const constraints = constraintsOf(placement);
  return constraints !== undefined && meetsConstraints(node, constraints);
}

/** Whether one of the platforms that the image was built for is the node's; a node that has not told its own passes. */
export function satisfiesPlatform(node: Node, placement: Placement | undefined): boolean {
  const own = node.description?.platform;
  const wanted = placement?.platforms ?? [];
  return !own || wanted.length === 0 || wanted.some(platform => platformFits(platform, own));
}

/** Whether the node takes part: tasks on nodes that do not must be elsewhere. */
export function isInService(node: Node | undefined): node is Node {
  return node !== undefined && node.status.state !== NodeState.DOWN && node.spec.availability !== Availability.DRAIN;
}

/** Whether what was started on the node may still run there, and can be told to stop. */
export function isReachable(node: Node | undefined): node is Node {
  return node !== undefined && node.status.state !== NodeState.DOWN;
}
