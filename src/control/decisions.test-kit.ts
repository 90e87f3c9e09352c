import type { Task } from "../model/task.ts";
import { SimRandom } from "../sim/random.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Context, Decision } from "./loop.ts";
import type { Write } from "./write.ts";

/** The moment at which the tests' decisions are made. */
export const now = 1_000_000;

export function context(maxWrites = 200): Context {
  return { now, random: new SimRandom(), maxWrites };
}

/** A decision in few words: `+slot desired` for a new task, `id→desired`, `id=state` and `-id`. */
export function words(decision: Decision, before: readonly Task[]): string[] {
  return decision.writes.map(write => word(write, before));
}

function word(write: Write, before: readonly Task[]): string {
  switch (write.kind) {
    case "create task":
      return `+${write.task.nodeId || write.task.slot} ${TaskState[write.task.desiredState]}`;
    case "remove task":
      return `-${write.id}`;
    case "update service":
      return `service ${write.service.id}`;
    case "update network":
      return `network ${write.network.id}`;
    case "update node":
      return `node ${write.node.id}`;
    case "update cluster":
      return `cluster ${write.cluster.id}`;
    case "update task": {
      const { id, desiredState, status } = write.task;
      const old = before.find(task => task.id === id);
      return old?.status.state === status.state
        ? `${id}→${TaskState[desiredState]}`
        : `${id}=${TaskState[status.state]}`;
    }
  }
}
