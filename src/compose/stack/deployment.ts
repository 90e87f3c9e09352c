import { parseCpus, parseDuration, parseSize } from "../../lib/quantity.ts";
import type { Deploy, UpdateConfig } from "../deploy-schema.ts";
import { said, saidAny } from "../said.ts";
import type { Service } from "../service-schema.ts";
import type { Mode } from "./spec.ts";

const optional = <T>(text: string | undefined, parse: (text: string) => T | undefined): T | undefined =>
  text === undefined ? undefined : parse(text);

/** How many tasks there are to be, and whether they end. */
export function modeOf({ deploy = {}, scale }: Service): Mode {
  const replicas = deploy.replicas ?? scale;
  switch (deploy.mode) {
    case "global":
      return { Global: {} };
    case "global-job":
      return { GlobalJob: {} };
    case "replicated-job":
      return { ReplicatedJob: replicas === undefined ? {} : { MaxConcurrent: replicas, TotalCompletions: replicas } };
    default:
      return { Replicated: replicas === undefined ? {} : { Replicas: replicas } };
  }
}

/** Limits and reservations; the members of a service outside `deploy` count where that says nothing. */
export function resourcesOf(service: Service): object {
  const { limits = {}, reservations = {} } = service.deploy?.resources ?? {};
  const pids = limits.pids ?? service.pids_limit;
  return said({
    Limits: saidAny({
      NanoCPUs: optional(limits.cpus ?? service.cpus, parseCpus),
      MemoryBytes: optional(limits.memory ?? service.mem_limit, parseSize),
      // -1 is without a limit, as none is.
      Pids: pids === undefined || pids <= 0 ? undefined : pids,
    }),
    Reservations: saidAny({
      NanoCPUs: optional(reservations.cpus, parseCpus),
      MemoryBytes: optional(reservations.memory ?? service.mem_reservation, parseSize),
      GenericResources: reservations.generic_resources?.map(
        ({ discrete_resource_spec: discrete, named_resource_spec: named }) =>
          said({
            DiscreteResourceSpec: discrete && { Kind: discrete.kind, Value: discrete.value },
            NamedResourceSpec: named && { Kind: named.kind, Value: named.value },
          }),
      ),
    }),
  });
}

/**
 * `deploy.restart_policy`, else what `restart` means to a swarm; undefined for the swarm's default. What others wait for to
 * complete is not to begin again once it has.
 */
export function restartPolicyOf({ deploy, restart }: Service, completes: boolean): object | undefined {
  const policy = deploy?.restart_policy;
  if (policy) {
    return said({
      Condition: policy.condition,
      Delay: optional(policy.delay, parseDuration),
      MaxAttempts: policy.max_attempts,
      Window: optional(policy.window, parseDuration),
    });
  }
  if (restart === "always" || restart === "unless-stopped") return { Condition: "any" };
  const [, attempts] = /^on-failure(?::(\d+))?$/.exec(restart ?? "no") ?? [undefined, undefined];
  if (restart?.startsWith("on-failure")) return said({ Condition: "on-failure", MaxAttempts: Number(attempts ?? 0) });
  const isJob = deploy?.mode?.endsWith("-job");
  return completes && !isJob ? { Condition: "on-failure" } : undefined;
}

export function placementOf({ deploy, platform }: Service): object {
  const { constraints, preferences, max_replicas_per_node } = deploy?.placement ?? {};
  const [os, architecture] = platform?.split("/") ?? [];
  return said({
    Constraints: constraints,
    Preferences: preferences?.map(({ spread }) => ({ Spread: { SpreadDescriptor: spread } })),
    MaxReplicas: max_replicas_per_node,
    Platforms: os ? [said({ OS: os, Architecture: architecture })] : undefined,
  });
}

/** One task at a time unless it is said otherwise, as Docker has it. */
export function updateConfigOf(config: UpdateConfig | undefined): object | undefined {
  if (!config) return undefined;
  return said({
    Parallelism: config.parallelism ?? 1,
    Delay: optional(config.delay, parseDuration),
    FailureAction: config.failure_action,
    Monitor: optional(config.monitor, parseDuration),
    MaxFailureRatio: config.max_failure_ratio,
    Order: config.order,
  });
}

export function endpointModeOf({ endpoint_mode: mode }: Deploy): string | undefined {
  return mode?.toLowerCase();
}
