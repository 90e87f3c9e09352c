import { NodeSpec_Availability as Availability } from "../../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { NodeStatus_State as NodeState } from "../../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type Filter, nodes } from "../filter.ts";

/** The node is up and takes new tasks. */
export const ready: Filter = {
  prepare:
    () =>
    ({ node }) =>
      node.status.state === NodeState.READY && node.spec.availability === Availability.ACTIVE,
  explain: count => `${nodes(count)} not available for new tasks`,
};
