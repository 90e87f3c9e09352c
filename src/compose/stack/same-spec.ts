import type { ServiceSpec } from "./spec.ts";

/** Members in which nothing and zero are two different things, as dots-and-names below the spec. */
const meaningfulZeros = new Set([
  "Mode.Replicated.Replicas",
  "Mode.ReplicatedJob.MaxConcurrent",
  "Mode.ReplicatedJob.TotalCompletions",
  "TaskTemplate.ContainerSpec.Init",
  "TaskTemplate.ContainerSpec.StopGracePeriod",
  "TaskTemplate.RestartPolicy.Delay",
  "UpdateConfig.Parallelism",
  "RollbackConfig.Parallelism",
]);

/** Maps with keys of the user's own, whose empty texts are values. */
const ownKeys = /(^|\.)(Labels|Options|DriverOpts|Sysctls)$/;

/** What the daemon stores for what was left out. */
const defaults: Readonly<Record<string, unknown>> = {
  "Mode.Replicated.Replicas": 1,
  "Mode.ReplicatedJob.MaxConcurrent": 1,
  "Mode.ReplicatedJob.TotalCompletions": 1,
  "TaskTemplate.ContainerSpec.Isolation": "default",
  "TaskTemplate.Runtime": "container",
  "TaskTemplate.RestartPolicy.Condition": "any",
  "UpdateConfig.FailureAction": "pause",
  "UpdateConfig.Monitor": 5e9,
  "UpdateConfig.Order": "stop-first",
  "RollbackConfig.FailureAction": "pause",
  "RollbackConfig.Monitor": 5e9,
  "RollbackConfig.Order": "stop-first",
  "EndpointSpec.Mode": "vip",
};

/** Whether an update to `wanted` would change nothing: what was left out is as good as what the daemon put in its place. */
export function sameSpec(wanted: ServiceSpec, present: ServiceSpec): boolean {
  return JSON.stringify(normalSpec(wanted)) === JSON.stringify(normalSpec(present));
}

/** A spec without what means nothing, its keys sorted. */
export function normalSpec(spec: ServiceSpec): unknown {
  return normal(spec, "") ?? {};
}

function normal(value: unknown, path: string): unknown {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) {
    const items = value.map(item => normal(item, `${path}.*`) ?? null);
    return items.length > 0 ? items : undefined;
  }
  if (typeof value === "object") return normalObject(value, path);
  if (defaults[path] === value) return undefined;
  const empty = value === "" || value === 0 || value === false;
  return empty && !meaningfulZeros.has(path) ? undefined : value;
}

function normalObject(value: object, path: string): unknown {
  const members: [string, unknown][] = [];
  for (const key of Object.keys(value).sort()) {
    const inner: unknown = Reflect.get(value, key);
    const kept = ownKeys.test(path) ? inner : normal(inner, path === "" ? key : `${path}.${key}`);
    if (kept !== undefined) members.push([key, kept]);
  }
  // An empty mode is a mode, and an empty policy the default one.
  const isMode = path.startsWith("Mode.");
  return members.length > 0 || isMode ? Object.fromEntries(members) : undefined;
}
