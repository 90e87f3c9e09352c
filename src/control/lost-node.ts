import type { Node } from "../model/objects.ts";
import { isAttachment, occupiesNode, type Task } from "../model/task.ts";
import { fromTimestamp } from "../model/time.ts";
import { NodeStatus_State as NodeState, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { taskEventOf } from "./hints.ts";
import { type Context, type Decision, type Loop, nothing } from "./loop.ts";
import { withStatus } from "./task-change.ts";
import type { Write } from "./write.ts";

/** A node that was down for so long is taken not to come back. SwarmKit: 24 hours. */
export const orphanAfterMs = 24 * 3_600_000;

export interface LostNodeObservation {
  readonly node: Node | undefined;
  readonly tasks: readonly Task[];
}

/**
 * Gives up on the tasks of nodes that are gone, or down for good: nobody will ever report on them. Containers that were attached
 * to networks by hand give back their addresses at once; a node that returns asks again for those it still has. Keys are node ids.
 */
export const lostNodeLoop: Loop<LostNodeObservation> = {
  name: "lost nodes",
  watches: ["node", "task"],
  keysOf(event, tx) {
    if (event.kind === "node") return [event.object.id];
    const change = taskEventOf(event);
    const onMissing = change && !change.gone && occupiesNode(change.task) && !tx.node.get(change.task.nodeId);
    return onMissing ? [change.task.nodeId] : [];
  },
  *allKeys(tx) {
    for (const node of tx.node.all()) yield node.id;
    for (const task of tx.task.all()) if (occupiesNode(task) && !tx.node.get(task.nodeId)) yield task.nodeId;
  },
  observe: (tx, key) => ({ node: tx.node.get(key), tasks: [...tx.task.byNode(key)].filter(occupiesNode) }),
  decide: decideLostNode,
};

export function decideLostNode({ node, tasks }: LostNodeObservation, context: Context): Decision {
  if (tasks.length === 0) return nothing;
  if (!node) return { writes: orphaned(tasks, "the node has been removed from the swarm", context) };
  if (node.status.state !== NodeState.DOWN) return nothing;
  const attached = tasks.filter(isAttachment);
  if (attached.length > 0) return { writes: orphaned(attached, "the node is down", context) };
  // The node's last change stands for when it went down: changes made while it is down make us wait longer, no more.
  const remaining = (fromTimestamp(node.meta.updatedAt) ?? context.now) + orphanAfterMs - context.now;
  if (remaining > 0) return { writes: [], lookAgainMs: remaining };
  return { writes: orphaned(tasks, "the node has been down for too long", context) };
}

function orphaned(tasks: readonly Task[], reason: string, { now, maxWrites }: Context): Write[] {
  return tasks.slice(0, maxWrites).map(task => ({
    kind: "update task",
    task: withStatus(task, { state: TaskState.ORPHANED, message: `task given up: ${reason}`, err: "" }, now),
  }));
}
