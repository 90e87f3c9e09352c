import { create } from "@bufbuild/protobuf";
import type { Service } from "../model/objects.ts";
import { toDuration } from "../model/time.ts";
import {
  type ContainerSpec,
  ContainerSpec_DNSConfigSchema,
  ContainerSpec_PullOptionsSchema,
  type TaskSpec,
} from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  RestartPolicy_RestartCondition as Condition,
  PlacementSchema,
  ResourceRequirementsSchema,
  type RestartPolicy,
  RestartPolicySchema,
  type UpdateConfig,
  UpdateConfigSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { isJob } from "./service-spec.ts";

const stopGracePeriodMs = 10_000;
const restartDelayMs = 5_000;
const updateMonitorMs = 5_000;
const updateParallelism = 1n;

/** The service as it works out: what its spec leaves open filled in, as `inspect` shows it when asked to. */
export function withDefaults(service: Service): Service {
  const { spec } = service;
  const task = taskWithDefaults(spec.task);
  // Jobs may not have an update config, so what is shown of one can be sent back.
  if (isJob(spec)) return { ...service, spec: { ...spec, task } };
  const update = updateWithDefaults(spec.update);
  const rollback = updateWithDefaults(spec.rollback);
  return { ...service, spec: { ...spec, task, update, rollback } };
}

function taskWithDefaults(task: TaskSpec): TaskSpec {
  const { runtime } = task;
  return {
    ...task,
    runtime: runtime.case === "container" ? { ...runtime, value: containerWithDefaults(runtime.value) } : runtime,
    resources: task.resources ?? create(ResourceRequirementsSchema),
    restart: restartWithDefaults(task.restart),
    placement: task.placement ?? create(PlacementSchema),
  };
}

function containerWithDefaults(container: ContainerSpec): ContainerSpec {
  return {
    ...container,
    stopGracePeriod: container.stopGracePeriod ?? toDuration(stopGracePeriodMs),
    pullOptions: container.pullOptions ?? create(ContainerSpec_PullOptionsSchema),
    dnsConfig: container.dnsConfig ?? create(ContainerSpec_DNSConfigSchema),
  };
}

function restartWithDefaults(restart: RestartPolicy | undefined): RestartPolicy {
  const delay = restart?.delay ?? toDuration(restartDelayMs);
  return { ...(restart ?? create(RestartPolicySchema, { condition: Condition.ANY })), delay };
}

function updateWithDefaults(config: UpdateConfig | undefined): UpdateConfig {
  const monitor = config?.monitor ?? toDuration(updateMonitorMs);
  return { ...(config ?? create(UpdateConfigSchema, { parallelism: updateParallelism })), monitor };
}
