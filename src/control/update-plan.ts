import type { Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import { fromDuration, fromTimestamp } from "../model/time.ts";
import {
  UpdateConfig_FailureAction as FailureAction,
  type UpdateConfig,
  type UpdateConfig_UpdateOrder,
  UpdateConfig_UpdateOrder as UpdateOrder,
  UpdateStatus_UpdateState as UpdateState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { notesOf } from "./task-notes.ts";

/** SwarmKit's monitoring time where the spec has none. */
const defaultMonitorMs = 5_000;

/** How a rolling update goes about it: the service's config with the defaults filled in. */
export interface UpdatePlan {
  /** Slots worked on at the same time; Infinity for all. */
  readonly parallelism: number;
  /** Between one slot's new task running and the next slot's turn, in milliseconds. */
  readonly delayMs: number;
  /** A new task that ends within this after it came up has failed. */
  readonly monitorMs: number;
  readonly onFailure: FailureAction;
  /** The action is taken when a greater part of the slots than this failed. */
  readonly maxFailureRatio: number;
  readonly order: UpdateConfig_UpdateOrder;
}

export function planOf(service: Service): UpdatePlan {
  const config: UpdateConfig | undefined = isRollback(service) ? service.spec.rollback : service.spec.update;
  return {
    parallelism: parallelismOf(config),
    delayMs: fromDuration(config?.delay) ?? 0,
    monitorMs: fromDuration(config?.monitor) ?? defaultMonitorMs,
    onFailure: config?.failureAction ?? FailureAction.PAUSE,
    maxFailureRatio: config?.maxFailureRatio ?? 0,
    order: config?.order ?? UpdateOrder.STOP_FIRST,
  };
}

/** Slots worked on at the same time; Infinity for all. */
export function parallelismOf(config: UpdateConfig | undefined): number {
  return config ? Number(config.parallelism) || Number.POSITIVE_INFINITY : 1;
}

export function isRollback(service: Service): boolean {
  return service.updateStatus?.state === UpdateState.ROLLBACK_STARTED;
}

export function isUpdating(service: Service): boolean {
  return service.updateStatus?.state === UpdateState.UPDATING || isRollback(service);
}

/** When the update under way began, in milliseconds: what its tasks are told apart by. */
export function updateStartOf(service: Service): number {
  return fromTimestamp(service.updateStatus?.startedAt) ?? 0;
}

/** Whether the task was made by the update that is under way. */
export function isOfUpdate(task: Task, service: Service): boolean {
  return (
    isUpdating(service) &&
    task.specVersion?.index === service.specVersion?.index &&
    notesOf(task).updateStart === updateStartOf(service)
  );
}
