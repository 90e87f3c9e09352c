import { create } from "@bufbuild/protobuf";
import type { Service } from "../model/objects.ts";
import {
  type EndpointSpec,
  EndpointSpec_ResolutionMode as Mode,
  type ServiceSpec,
  TaskSpecSchema,
} from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  AnnotationsSchema,
  PortConfig_PublishMode as PublishMode,
  type UpdateConfig,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { isNegative } from "./durations.ts";
import { checkDnsName } from "./names.ts";
import { invalidArgument, required } from "./parts.ts";
import { checkTaskSpec } from "./task-spec.ts";

/** Counts above this were negative numbers before somebody cast them. */
const maxCount = 2n ** 63n - 1n;

/** A request's spec, whole and checked for all that can be checked without looking at the cluster. */
export function checkedServiceSpec(sent: ServiceSpec | undefined): Service["spec"] {
  const spec = required(sent);
  const whole = {
    ...spec,
    annotations: spec.annotations ?? create(AnnotationsSchema),
    task: spec.task ?? create(TaskSpecSchema),
  };
  checkDnsName(whole.annotations);
  checkTaskSpec(whole.task);
  checkMode(spec.mode);
  if (isJob(spec) && spec.update) throw invalidArgument("Jobs may not have an update config");
  checkUpdate(spec.update);
  checkUpdate(spec.rollback);
  checkEndpoint(spec.endpoint);
  return whole;
}

export function isJob({ mode }: ServiceSpec): boolean {
  return mode.case === "replicatedJob" || mode.case === "globalJob";
}

function checkMode(mode: ServiceSpec["mode"]): void {
  switch (mode.case) {
    case "replicated":
      if (mode.value.replicas > maxCount) throw invalidArgument("Number of replicas must be non-negative");
      return;
    case "replicatedJob":
      if (mode.value.maxConcurrent > maxCount) throw invalidArgument("Maximum concurrent jobs must not be negative");
      if (mode.value.totalCompletions > maxCount) throw invalidArgument("Total completed jobs must not be negative");
      return;
    case "global":
    case "globalJob":
      return;
    case undefined:
      throw invalidArgument("Unrecognized service mode");
    default:
      mode satisfies never;
  }
}

function checkUpdate(config: UpdateConfig | undefined): void {
  if (!config) return;
  if (isNegative(config.delay)) throw invalidArgument("TaskSpec: update-delay cannot be negative");
  if (isNegative(config.monitor)) throw invalidArgument("TaskSpec: update-monitor cannot be negative");
  // So written, NaN is refused too.
  if (!(config.maxFailureRatio >= 0 && config.maxFailureRatio <= 1))
    throw invalidArgument("TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1");
}

function checkEndpoint(endpoint: EndpointSpec | undefined): void {
  const published = new Set<string>();
  for (const { publishMode, publishedPort, protocol } of endpoint?.ports ?? []) {
    if (endpoint?.mode === Mode.DNSRR && publishMode === PublishMode.INGRESS)
      throw invalidArgument("EndpointSpec: port published with ingress mode can't be used with dnsrr mode");
    if (publishedPort === 0) continue;
    const key = `${publishedPort}/${protocol}`;
    if (published.has(key)) throw invalidArgument("EndpointSpec: duplicate published ports provided");
    published.add(key);
  }
}
