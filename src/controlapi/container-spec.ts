import type { ContainerSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { HealthConfig, Mount } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { nanosOf } from "./durations.ts";
import { goQuote } from "./go-text.ts";
import { isImageReference, isProgramDirectory } from "./image-reference.ts";
import { invalidArgument } from "./parts.ts";
import { triedTemplates } from "./template.ts";

/** Health checks that are more often, or shorter, than this would be mistakes of unit: 1 ms. */
const minHealthNanos = 1_000_000n;

/** Checks a container's spec as it is once its templates are expanded. */
export function checkContainerSpec(template: ContainerSpec): void {
  const spec = triedTemplates(template);
  checkImage(spec.image);
  checkMounts(spec.mounts);
  checkHealth(spec.healthcheck);
}

function checkImage(image: string): void {
  if (image === "") throw invalidArgument("ContainerSpec: image reference must be provided");
  if (!isImageReference(image) && !isProgramDirectory(image))
    throw invalidArgument(`ContainerSpec: ${goQuote(image)} is not a valid repository/tag`);
}

function checkMounts(mounts: readonly Mount[]): void {
  const targets = new Set<string>();
  for (const { target } of mounts) {
    if (targets.has(target)) throw invalidArgument(`ContainerSpec: duplicate mount point: ${target}`);
    targets.add(target);
  }
}

function checkHealth(health: HealthConfig | undefined): void {
  if (!health) return;
  const periods = [
    ["Interval", health.interval],
    ["Timeout", health.timeout],
    ["StartPeriod", health.startPeriod],
    ["StartInterval", health.startInterval],
  ] as const;
  for (const [name, period] of periods) {
    const nanos = nanosOf(period);
    if (nanos !== 0n && nanos < minHealthNanos)
      throw invalidArgument(`ContainerSpec: ${name} in HealthConfig cannot be less than 1ms`);
  }
  if (health.retries < 0) throw invalidArgument("ContainerSpec: Retries in HealthConfig cannot be negative");
}
