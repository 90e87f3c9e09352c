import { create } from "@bufbuild/protobuf";
import type { Service } from "../model/objects.ts";
import { toTimestamp } from "../model/time.ts";
import {
  UpdateStatus_UpdateState as UpdateState,
  type UpdateStatus,
  UpdateStatusSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { isRollback } from "./update-plan.ts";

/* The steps of a service's update status. Texts are SwarmKit's: the docker CLI shows them. */

export function updateStarted(service: Service, now: number): Service {
  return withStatus(service, {
    state: UpdateState.UPDATING,
    message: "update in progress",
    startedAt: toTimestamp(now),
  });
}

export function updateCompleted(service: Service, now: number): Service {
  const { startedAt } = service.updateStatus ?? {};
  const [state, message] = isRollback(service)
    ? [UpdateState.ROLLBACK_COMPLETED, "rollback completed"]
    : [UpdateState.COMPLETED, "update completed"];
  return withStatus(service, { state, message, ...(startedAt && { startedAt }), completedAt: toTimestamp(now) });
}

export function updatePaused(service: Service, failedTaskId: string): Service {
  const reason = `due to failure or early termination of task ${failedTaskId}`;
  return isRollback(service)
    ? pausedWith(service, UpdateState.ROLLBACK_PAUSED, `rollback paused ${reason}`)
    : pausedWith(service, UpdateState.PAUSED, `update paused ${reason}`);
}

/** Brings the previous spec back; a service that has none is paused instead. */
export function updateRolledBack(service: Service, failedTaskId: string, now: number): Service {
  const { previousSpec, previousSpecVersion, specVersion: _, ...rest } = service;
  if (!previousSpec?.task || !previousSpec.annotations)
    return pausedWith(
      service,
      UpdateState.PAUSED,
      `update paused due to failure or early termination of task ${failedTaskId}: there is no previous spec to roll back to`,
    );
  const { task, annotations } = previousSpec;
  const spec = { ...previousSpec, task, annotations };
  const message = `update rolled back due to failure or early termination of task ${failedTaskId}`;
  return withStatus(
    { ...rest, spec, ...(previousSpecVersion && { specVersion: previousSpecVersion }) },
    { state: UpdateState.ROLLBACK_STARTED, message, startedAt: toTimestamp(now) },
  );
}

function pausedWith(service: Service, state: UpdateState, message: string): Service {
  const { startedAt } = service.updateStatus ?? {};
  return withStatus(service, { state, message, ...(startedAt && { startedAt }) });
}

function withStatus(service: Service, status: Partial<Omit<UpdateStatus, "$typeName" | "$unknown">>): Service {
  return { ...service, updateStatus: create(UpdateStatusSchema, status) };
}
