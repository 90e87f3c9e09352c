import type { Meta } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { TaskStatus } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Task } from "./task.ts";

/*
 * Tasks are the many. V8 copies objects that were made by one and the same literal three times as fast as those that grew field by
 * field, as `create` and `fromBinary` make them, and reads them without a search: so the store keeps every task, with its
 * status and meta, in one layout, the fields that are not set in their places, too. Copies made with a spread keep it.
 */

/** A copy of the task in the layout of the store, with another `meta`. */
export function laidOut(task: Task, meta: Meta): Task {
  const copy: Task = {
    $typeName: task.$typeName,
    id: task.id,
    meta,
    spec: task.spec,
    serviceId: task.serviceId,
    slot: task.slot,
    nodeId: task.nodeId,
    annotations: task.annotations,
    serviceAnnotations: task.serviceAnnotations,
    status: task.status,
    desiredState: task.desiredState,
    networks: task.networks,
    endpoint: task.endpoint,
    logDriver: task.logDriver,
    specVersion: task.specVersion,
    assignedGenericResources: task.assignedGenericResources,
    jobIteration: task.jobIteration,
    volumes: task.volumes,
  };
  if (task.$unknown) copy.$unknown = task.$unknown;
  return copy;
}

/** What most changes of a status are about. */
export type StatusChange = Pick<TaskStatus, "state" | "message" | "err" | "timestamp">;

/** A copy of the status with what has changed. */
export function changedStatus(status: TaskStatus, { state, message, err, timestamp }: StatusChange): TaskStatus {
  const copy: TaskStatus = {
    $typeName: status.$typeName,
    timestamp,
    state,
    message,
    err,
    runtimeStatus: status.runtimeStatus,
    portStatus: status.portStatus,
    appliedBy: status.appliedBy,
    appliedAt: status.appliedAt,
  };
  if (status.$unknown) copy.$unknown = status.$unknown;
  return copy;
}

/** A copy of the meta with what has changed. */
export function changedMeta(meta: Meta, { version, createdAt, updatedAt }: Omit<Meta, "$typeName">): Meta {
  const copy: Meta = { $typeName: meta.$typeName, version, createdAt, updatedAt };
  if (meta.$unknown) copy.$unknown = meta.$unknown;
  return copy;
}
