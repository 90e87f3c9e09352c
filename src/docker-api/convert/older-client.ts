import { type ApiVersion, isAtLeast } from "../versions.ts";
import type { ServiceSpecBody } from "./service-spec.ts";

const container = "TaskTemplate.ContainerSpec";

/** Members of a service's spec that came with a later API than its first, "*" for each element of a list. */
const additions: readonly (readonly [since: string, member: string])[] = [
  ["1.40", `${container}.Sysctls`],
  ["1.40", `${container}.Privileges.CredentialSpec.Config`],
  ["1.40", `${container}.Configs.*.Runtime`],
  ["1.40", "TaskTemplate.Placement.MaxReplicas"],
  ["1.41", `${container}.CapabilityAdd`],
  ["1.41", `${container}.CapabilityDrop`],
  ["1.41", `${container}.Ulimits`],
  ["1.41", "TaskTemplate.Resources.Limits.Pids"],
  ["1.41", "Mode.ReplicatedJob"],
  ["1.41", "Mode.GlobalJob"],
  ["1.44", `${container}.Privileges.Seccomp`],
  ["1.44", `${container}.Privileges.AppArmor`],
  ["1.44", `${container}.Privileges.NoNewPrivileges`],
  ["1.44", `${container}.Healthcheck.StartInterval`],
  ["1.46", `${container}.Mounts.*.TmpfsOptions.Options`],
  ["1.46", `${container}.OomScoreAdj`],
];

/**
 * Takes from a request's body, in place, the members that the client's version of the API does not have: such a client
 * sends them only by accident, and Docker passes over them too.
 */
export function dropNewerMembers(body: ServiceSpecBody, version: ApiVersion): void {
  for (const [since, member] of additions) if (!isAtLeast(version, since)) drop(body, member.split("."));
}

function drop(value: unknown, path: readonly string[]): void {
  const [key, ...rest] = path;
  if (key === undefined || typeof value !== "object" || value === null) return;
  if (key === "*") for (const element of Object.values(value)) drop(element, rest);
  else if (rest.length === 0) Reflect.deleteProperty(value, key);
  else drop(Reflect.get(value, key), rest);
}
