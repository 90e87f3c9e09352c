import { normalSpec } from "./same-spec.ts";
import type { Mode, ServiceSpec } from "./spec.ts";

/** Members of a spec in people's words; members below the longest path that fits count as it. */
const words: Readonly<Record<string, string>> = {
  Labels: "labels",
  "TaskTemplate.ContainerSpec.Args": "command",
  "TaskTemplate.ContainerSpec.Command": "entrypoint",
  "TaskTemplate.ContainerSpec.Configs": "configs",
  "TaskTemplate.ContainerSpec.Env": "environment",
  "TaskTemplate.ContainerSpec.Healthcheck": "health check",
  "TaskTemplate.ContainerSpec.Labels": "container labels",
  "TaskTemplate.ContainerSpec.Mounts": "mounts",
  "TaskTemplate.ContainerSpec.Secrets": "secrets",
  "TaskTemplate.LogDriver": "logging",
  "TaskTemplate.Networks": "networks",
  "TaskTemplate.Placement": "placement",
  "TaskTemplate.Resources": "resources",
  "TaskTemplate.RestartPolicy": "restart policy",
  UpdateConfig: "update settings",
  RollbackConfig: "rollback settings",
  "EndpointSpec.Ports": "ports",
};

/** Told with their values, or by something else. */
const toldOtherwise =
  /^(Mode|Name|Labels\.com\.docker\.stack\.image|TaskTemplate\.ForceUpdate|TaskTemplate\.ContainerSpec\.Image)(\.|$)/;

/** What an update changes, in a few words each; of a new service what matters most. */
export function differences(
  before: ServiceSpec | undefined,
  next: ServiceSpec,
  networkIds: ReadonlyMap<string, string> = new Map(),
): string[] {
  const image = imageOf(next);
  if (!before) return [image, modeText(next.Mode)];
  const [old, fresh] = [flat(normalSpec(before)), flat(normalSpec(next))];
  const idOf = (text: string | undefined): string | undefined =>
    text?.replace(/"Target":"([^"]+)"/g, (all, name: string) => all.replace(name, networkIds.get(name) ?? name));
  const paths = [...new Set([...old.keys(), ...fresh.keys()])].filter(
    path => !toldOtherwise.test(path) && idOf(old.get(path)) !== idOf(fresh.get(path)),
  );
  return [
    ...(imageOf(before) === image ? [] : [`image ${imageOf(before)} → ${image}`]),
    ...(modeText(before.Mode) === modeText(next.Mode) ? [] : [`${modeText(before.Mode)} → ${modeText(next.Mode)}`]),
    ...new Set(paths.map(wordFor)),
  ];
}

function imageOf({ TaskTemplate }: ServiceSpec): string {
  return TaskTemplate.ContainerSpec.Image.replace(/@sha256:[0-9a-f]+$/, "");
}

function modeText(mode: Mode = {}): string {
  const { Replicas = 1 } = mode.Replicated ?? {};
  if (mode.Replicated) return Replicas === 1 ? "1 replica" : `${Replicas} replicas`;
  if (mode.ReplicatedJob) return `a job of ${mode.ReplicatedJob.TotalCompletions ?? 1}`;
  return mode.GlobalJob ? "a job on every node" : "one on every node";
}

function wordFor(path: string): string {
  const known = Object.keys(words).find(prefix => path === prefix || path.startsWith(`${prefix}.`));
  return (known && words[known]) ?? plainWords(path.split(".").at(-1) ?? path);
}

/** "StopGracePeriod" as "stop grace period". */
function plainWords(member: string): string {
  return member.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
}

/** Values by their paths; a list is one value. */
function flat(value: unknown, path = "", into = new Map<string, string>()): Map<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) into.set(path, JSON.stringify(value));
  else for (const [key, inner] of Object.entries(value)) flat(inner, path === "" ? key : `${path}.${key}`, into);
  return into;
}
