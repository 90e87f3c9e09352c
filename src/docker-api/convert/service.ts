import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { ListServiceStatusesResponse_ServiceStatus as TaskCounts } from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import type { Service } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  type JobStatus,
  UpdateStatus_UpdateState as UpdateState,
  type UpdateStatus,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { integer } from "../answer.ts";
import { fromEndpoint } from "./endpoint.ts";
import { fromMeta, fromTimestamp, fromVersion } from "./meta.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";
import { fromServiceSpec } from "./service-spec.ts";
import { Words } from "./words.ts";

const states = new Words<UpdateState>({
  updating: UpdateState.UPDATING,
  paused: UpdateState.PAUSED,
  completed: UpdateState.COMPLETED,
  rollback_started: UpdateState.ROLLBACK_STARTED,
  rollback_paused: UpdateState.ROLLBACK_PAUSED,
  rollback_completed: UpdateState.ROLLBACK_COMPLETED,
});

/** `counts` only where the client asked for them (`status=true`). */
export function fromService(service: Service, counts?: TaskCounts): JsonObject {
  return omitEmpty({
    ID: service.id,
    ...fromMeta(service.meta),
    Spec: service.spec ? fromServiceSpec(service.spec) : {},
    PreviousSpec: service.previousSpec && fromServiceSpec(service.previousSpec),
    Endpoint: fromEndpoint(service.endpoint),
    UpdateStatus: service.updateStatus && fromUpdateStatus(service.updateStatus),
    ServiceStatus: counts && {
      RunningTasks: integer(counts.runningTasks),
      DesiredTasks: integer(counts.desiredTasks),
      CompletedTasks: integer(counts.completedTasks),
    },
    JobStatus: service.jobStatus && fromJobStatus(service.jobStatus),
  });
}

function fromUpdateStatus(status: UpdateStatus): JsonObject {
  return omitEmpty({
    State: states.wordOf(status.state),
    StartedAt: timeOrNone(status.startedAt),
    CompletedAt: timeOrNone(status.completedAt),
    Message: status.message,
  });
}

function timeOrNone(stamp: Timestamp | undefined): string {
  return stamp && stamp.seconds !== 0n ? fromTimestamp(stamp) : "";
}

function fromJobStatus(status: JobStatus): JsonObject {
  return { JobIteration: fromVersion(status.jobIteration), LastExecution: fromTimestamp(status.lastExecution) };
}
