import type { Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { ControlApiParts, Methods } from "./parts.ts";
import { distinct } from "./select.ts";

/** How many tasks of a service are wanted, run, and (of a job) have done their work. */
export interface ServiceCounts {
  readonly desiredTasks: bigint;
  readonly runningTasks: bigint;
  readonly completedTasks: bigint;
}

export function listServiceStatuses({ store }: ControlApiParts): Methods<"listServiceStatuses"> {
  return {
    async listServiceStatuses({ services }) {
      const statuses = store.view(tx =>
        distinct(services).map(serviceId => ({
          serviceId,
          ...countTasks(tx.service.get(serviceId), tx.task.byService(serviceId)),
        })),
      );
      return { statuses };
    },
  };
}

/**
 * Counts as `docker service ls` shows them. A service that is gone wants nothing, though its tasks may still run. Of a job
 * only the tasks of its present run count.
 */
export function countTasks(service: Service | undefined, tasks: Iterable<Task>): ServiceCounts {
  const iteration = service?.jobStatus && (service.jobStatus.jobIteration?.index ?? 0n);
  const current = [...tasks].filter(task => iteration === undefined || task.jobIteration?.index === iteration);
  const count = (test: (task: Task) => boolean) => BigInt(current.filter(test).length);
  const completed = (task: Task) => task.status.state === TaskState.COMPLETE;
  return {
    desiredTasks: service ? (desiredCount(service) ?? count(isDesired)) : 0n,
    runningTasks: count(task => task.status.state === TaskState.RUNNING),
    completedTasks: iteration === undefined ? 0n : count(completed),
  };
}

/** The number in the spec; undefined for global services, whose tasks say it. */
function desiredCount({ spec: { mode } }: Service): bigint | undefined {
  if (mode.case === "replicated") return mode.value.replicas;
  if (mode.case === "replicatedJob") return mode.value.maxConcurrent;
  return undefined;
}

function isDesired({ desiredState, status }: Task): boolean {
  if (desiredState === TaskState.COMPLETE) return status.state !== TaskState.COMPLETE;
  return desiredState === TaskState.RUNNING;
}
