import type { Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type Context, type Decision, type Loop, nothing } from "./loop.ts";
import { modeOf } from "./service-mode.ts";
import { withStatus } from "./task-change.ts";
import { newTask } from "./task-factory.ts";

export interface JobObservation {
  readonly service: Service;
  readonly mode: string;
  readonly tasks: readonly Task[];
}

/**
 * Services in a job mode are not run. That a user who looks for their tasks finds the reason, each gets one task that is
 * rejected with it. Keys are service ids.
 */
export const unservedJobLoop: Loop<JobObservation> = {
  name: "unserved jobs",
  keysOf: event => (event.kind === "service" ? [event.object.id] : []),
  *allKeys(tx) {
    for (const service of tx.service.all()) if (modeOf(service).kind === "job") yield service.id;
  },
  observe(tx, key) {
    const service = tx.service.get(key);
    if (!service) return undefined;
    const mode = modeOf(service);
    return mode.kind === "job" ? { service, mode: mode.name, tasks: [...tx.task.byService(key)] } : undefined;
  },
  decide: decideUnservedJob,
};

export function decideUnservedJob({ service, mode, tasks }: JobObservation, context: Context): Decision {
  if (tasks.some(task => task.specVersion?.index === service.specVersion?.index)) return nothing;
  const task = newTask(service, { slot: 1n }, TaskState.SHUTDOWN, { ...context, cluster: undefined });
  const err = `services in ${mode} mode are not run by this version of Shoal`;
  const status = { state: TaskState.REJECTED, message: "rejected", err };
  return { writes: [{ kind: "create task", task: withStatus(task, status, context.now) }] };
}
