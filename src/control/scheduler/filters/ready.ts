import { isAttachment } from "../../../model/task.ts";
import { NodeSpec_Availability as Availability } from "../../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { NodeStatus_State as NodeState } from "../../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type Filter, nodes } from "../filter.ts";

/** The node is up and takes new tasks. What its own users run there is their affair, also on a node that is drained. */
export const ready: Filter = {
  prepare:
    task =>
    ({ node }) =>
      node.status.state === NodeState.READY && (node.spec.availability === Availability.ACTIVE || isAttachment(task)),
  explain: count => `${nodes(count)} not available for new tasks`,
};
