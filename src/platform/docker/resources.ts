import type { TaskSpec } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { GenericResource } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { HostConfig } from "./types.ts";

type ResourceSettings = Pick<
  HostConfig,
  "PidsLimit" | "NanoCpus" | "Memory" | "MemoryReservation" | "MemorySwap" | "MemorySwappiness"
>;

/** A container's limits. What the spec leaves out, or has as 0, stays the engine's default. */
export function resourceSettings(spec: TaskSpec): ResourceSettings {
  const limits = spec.resources?.limits;
  const reserved = spec.resources?.reservations;
  const memory = Number(limits?.memoryBytes ?? 0n);
  const swap = spec.resources?.swapBytes;
  const swappiness = spec.resources?.memorySwappiness;
  const pids = spec.runtime.case === "container" ? Number(spec.runtime.value.pidsLimit) : 0;
  return {
    ...(pids > 0 ? { PidsLimit: pids } : {}),
    ...(limits && limits.nanoCpus > 0n ? { NanoCpus: Number(limits.nanoCpus) } : {}),
    ...(memory > 0 ? { Memory: memory } : {}),
    ...(reserved && reserved.memoryBytes > 0n ? { MemoryReservation: Number(reserved.memoryBytes) } : {}),
    ...(swap === undefined ? {} : { MemorySwap: swapLimit(memory, Number(swap)) }),
    ...(swappiness === undefined ? {} : { MemorySwappiness: Number(swappiness) }),
  };
}

/** The engine's `MemorySwap` is memory and swap together; -1 is no limit. */
function swapLimit(memory: number, swap: number): number {
  return swap < 0 ? -1 : memory + swap;
}

/** How a container learns which generic resources it was given: `DOCKER_RESOURCE_GPU=uuid1,uuid2`, or a count. */
export function genericResourceEnv(assigned: readonly GenericResource[]): string[] {
  const values = new Map<string, string[]>();
  for (const { resource } of assigned) {
    if (resource.case === undefined) continue;
    const { kind, value } = resource.value;
    values.set(kind, [...(values.get(kind) ?? []), String(value)]);
  }
  return [...values].map(([kind, all]) => `DOCKER_RESOURCE_${kind.toUpperCase()}=${all.join(",")}`);
}
