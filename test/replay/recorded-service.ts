import { create } from "@bufbuild/protobuf";
import { endpointSpecBody, toEndpointSpec } from "../../src/docker-api/convert/endpoint.ts";
import { serviceSpecBody, toServiceSpec } from "../../src/docker-api/convert/service-spec.ts";
import { taskStates } from "../../src/docker-api/convert/task.ts";
import { taskSpecBody, toTaskSpec } from "../../src/docker-api/convert/task-spec.ts";
import { checkShape } from "../../src/docker-api/schema.ts";
import {
  type Service,
  ServiceSchema,
  type Task,
  TaskSchema,
} from "../../src/wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { TaskState, UpdateStatus_UpdateState } from "../../src/wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type RecordedMeta, toMeta, toTimestamp } from "./recorded.ts";
import { type RecordedTaskNetwork, toTaskNetwork } from "./recorded-network.ts";

interface RecordedEndpoint {
  readonly Spec?: object;
  readonly Ports?: readonly object[];
  readonly VirtualIPs?: readonly { readonly NetworkID: string; readonly Addr?: string }[];
}

export interface RecordedService extends RecordedMeta {
  readonly ID: string;
  readonly Spec: object;
  readonly PreviousSpec?: object;
  readonly Endpoint?: RecordedEndpoint;
  readonly UpdateStatus?: {
    readonly State: string;
    readonly StartedAt?: string;
    readonly CompletedAt?: string;
    readonly Message?: string;
  };
  readonly JobStatus?: { readonly JobIteration: { readonly Index?: number }; readonly LastExecution: string };
}

export function toService(recorded: RecordedService): Service {
  const { UpdateStatus: update, JobStatus: job } = recorded;
  return create(ServiceSchema, {
    id: recorded.ID,
    meta: toMeta(recorded),
    spec: specOf(recorded.Spec),
    ...(recorded.PreviousSpec && { previousSpec: specOf(recorded.PreviousSpec) }),
    endpoint: toEndpoint(recorded.Endpoint),
    ...(update && {
      updateStatus: {
        state: updateState(update.State),
        message: update.Message ?? "",
        ...(update.StartedAt && { startedAt: toTimestamp(update.StartedAt) }),
        ...(update.CompletedAt && { completedAt: toTimestamp(update.CompletedAt) }),
      },
    }),
    ...(job && {
      jobStatus: {
        jobIteration: { index: BigInt(job.JobIteration.Index ?? 0) },
        lastExecution: toTimestamp(job.LastExecution),
      },
    }),
  });
}

const specOf = (spec: object) => toServiceSpec(checkShape(serviceSpecBody, structuredClone(spec)));
const portsOf = (ports: readonly object[]) => endpointSpecOf({ Ports: ports })?.ports ?? [];
const endpointSpecOf = (spec: object) => toEndpointSpec(checkShape(endpointSpecBody, structuredClone(spec)));

function toEndpoint(recorded: RecordedEndpoint = {}) {
  const spec = endpointSpecOf(recorded.Spec ?? {});
  return {
    ...(spec && { spec }),
    ports: portsOf(recorded.Ports ?? []),
    virtualIps: (recorded.VirtualIPs ?? []).map(({ NetworkID, Addr = "" }) => ({ networkId: NetworkID, addr: Addr })),
  };
}

function updateState(word: string): UpdateStatus_UpdateState {
  const name = word.toUpperCase() as keyof typeof UpdateStatus_UpdateState;
  return UpdateStatus_UpdateState[name];
}

export interface RecordedTask extends RecordedMeta {
  readonly ID: string;
  readonly Spec: object;
  readonly ServiceID?: string;
  readonly Slot?: number;
  readonly NodeID?: string;
  readonly Status: {
    readonly Timestamp: string;
    readonly State: string;
    readonly Message?: string;
    readonly Err?: string;
    readonly ContainerStatus?: { readonly ContainerID: string; readonly PID: number; readonly ExitCode: number };
    readonly PortStatus?: { readonly Ports?: readonly object[] };
  };
  readonly DesiredState: string;
  readonly NetworksAttachments?: readonly RecordedTaskNetwork[];
  readonly JobIteration?: { readonly Index?: number };
}

/** `service` is the one it belongs to, for its name and labels. */
export function toTask(recorded: RecordedTask, service: Service | undefined): Task {
  const { Status: status, JobIteration: iteration } = recorded;
  const container = status.ContainerStatus;
  return create(TaskSchema, {
    id: recorded.ID,
    meta: toMeta(recorded),
    spec: toTaskSpec(checkShape(taskSpecBody, structuredClone(recorded.Spec))),
    serviceId: recorded.ServiceID ?? "",
    slot: BigInt(recorded.Slot ?? 0),
    nodeId: recorded.NodeID ?? "",
    annotations: {},
    serviceAnnotations: service?.spec?.annotations ?? {},
    status: {
      timestamp: toTimestamp(status.Timestamp),
      state: taskStates.find(status.State) ?? TaskState.NEW,
      message: status.Message ?? "",
      err: status.Err ?? "",
      portStatus: { ports: portsOf(status.PortStatus?.Ports ?? []) },
      ...(container && {
        runtimeStatus: {
          case: "container" as const,
          value: { containerId: container.ContainerID, pid: container.PID, exitCode: container.ExitCode },
        },
      }),
    },
    desiredState: taskStates.find(recorded.DesiredState) ?? TaskState.NEW,
    networks: (recorded.NetworksAttachments ?? []).map(toTaskNetwork),
    ...(iteration && { jobIteration: { index: BigInt(iteration.Index ?? 0) } }),
  });
}
