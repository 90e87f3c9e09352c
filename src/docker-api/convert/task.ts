import type { Task } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  type ContainerStatus,
  type PortConfig,
  PortConfig_PublishMode,
  TaskState,
  type TaskStatus,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { integer } from "../answer.ts";
import { fromAnnotations } from "./annotations.ts";
import { fromPort } from "./endpoint.ts";
import { fromMeta, fromTimestamp, fromVersion } from "./meta.ts";
import { fromTaskNetwork } from "./network.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";
import { fromGenericResources } from "./resources.ts";
import { fromTaskSpec } from "./task-spec.ts";
import { Words } from "./words.ts";

export const taskStates = new Words<TaskState>({
  new: TaskState.NEW,
  pending: TaskState.PENDING,
  assigned: TaskState.ASSIGNED,
  accepted: TaskState.ACCEPTED,
  preparing: TaskState.PREPARING,
  ready: TaskState.READY,
  starting: TaskState.STARTING,
  running: TaskState.RUNNING,
  complete: TaskState.COMPLETE,
  shutdown: TaskState.SHUTDOWN,
  failed: TaskState.FAILED,
  rejected: TaskState.REJECTED,
  remove: TaskState.REMOVE,
  orphaned: TaskState.ORPHANED,
});

export function fromTask(task: Task): JsonObject {
  return omitEmpty({
    ID: task.id,
    ...fromMeta(task.meta),
    ...fromAnnotations(task.annotations),
    Spec: task.spec ? fromTaskSpec(task.spec) : {},
    ServiceID: task.serviceId,
    Slot: integer(task.slot),
    NodeID: task.nodeId,
    Status: fromStatus(task.status),
    DesiredState: taskStates.wordOf(task.desiredState),
    NetworksAttachments: task.networks.map(fromTaskNetwork),
    GenericResources: fromGenericResources(task.assignedGenericResources),
    JobIteration: task.jobIteration && fromVersion(task.jobIteration),
    Volumes: task.volumes.map(volume => omitEmpty({ ID: volume.id, Source: volume.source, Target: volume.target })),
  });
}

function fromStatus(status: TaskStatus | undefined): JsonObject {
  const runtime = status?.runtimeStatus;
  return omitEmpty({
    Timestamp: fromTimestamp(status?.timestamp),
    State: taskStates.wordOf(status?.state ?? TaskState.NEW),
    Message: status?.message,
    Err: status?.err,
    ContainerStatus: runtime?.case === "container" ? fromContainerStatus(runtime.value) : undefined,
    PortStatus: omitEmpty({ Ports: status?.portStatus?.ports.filter(isOwnPort).map(fromPort) }),
  });
}

/** A port in host mode. Others in a status say where nodes reach the task for the routing mesh: no business of clients. */
function isOwnPort({ publishMode }: PortConfig): boolean {
  return publishMode === PortConfig_PublishMode.HOST;
}

function fromContainerStatus(status: ContainerStatus): JsonObject {
  return { ContainerID: status.containerId, PID: status.pid, ExitCode: status.exitCode };
}
