import type { ServiceSpec, TaskSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";

/** Ids of the networks a service asks for. The older place, in the service's own spec, counts only without the newer one. */
export function networksOfService(spec: ServiceSpec): string[] {
  const ofTask = spec.task?.networks ?? [];
  return distinct((ofTask.length > 0 ? ofTask : spec.networks).map(network => network.target));
}

export function secretsOf(spec: TaskSpec): string[] {
  if (spec.runtime.case !== "container") return [];
  return distinct(spec.runtime.value.secrets.map(reference => reference.secretId));
}

/** Ids of the configs a task mounts, and of the one its credential spec is in. */
export function configsOf(spec: TaskSpec): string[] {
  if (spec.runtime.case !== "container") return [];
  const ids = spec.runtime.value.configs.map(reference => reference.configId);
  const source = spec.runtime.value.privileges?.credentialSpec?.source;
  if (source?.case === "config") ids.push(source.value);
  return distinct(ids);
}

export function distinct(ids: readonly string[]): string[] {
  return ids.length < 2 ? [...ids] : [...new Set(ids)];
}
