import { CliError } from "./failure.ts";
import type { ServiceSpec } from "./types.ts";
import { pairs, port } from "./values.ts";

export interface CreateOptions {
  readonly name?: string;
  readonly mode: string;
  readonly replicas?: number;
  readonly env?: readonly string[];
  readonly label?: readonly string[];
  readonly constraint?: readonly string[];
  readonly publish?: readonly string[];
  readonly network?: readonly string[];
  readonly restartCondition?: string;
  readonly restartDelay?: number;
  readonly restartMaxAttempts?: number;
  readonly reserveMemory?: string;
  readonly reserveCpu?: string;
  readonly updateParallelism?: number;
  readonly updateDelay?: number;
  readonly updateOrder?: string;
}

export interface UpdateOptions {
  readonly image?: string;
  readonly replicas?: number;
  readonly args?: string;
  readonly envAdd?: readonly string[];
  readonly envRm?: readonly string[];
  readonly labelAdd?: readonly string[];
  readonly labelRm?: readonly string[];
  readonly force?: boolean;
}

const unitBytes: Readonly<Record<string, number>> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

function bytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([bkmgt]?)b?$/i.exec(text);
  if (!match) throw new CliError(`Cannot use "${text}": not a size like 64m or 1g`);
  return Math.round(Number(match[1]) * (unitBytes[(match[2] || "b").toLowerCase()] ?? 1));
}

function nanoCpus(text: string): number {
  const cpus = Number(text);
  if (!(cpus >= 0)) throw new CliError(`Cannot use "${text}": not a number of CPUs like 0.5`);
  return Math.round(cpus * 1e9);
}

/** Only what was said goes into the spec: defaults are the daemon's. */
function said(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** The spec that `shoal service create` sends. */
export function newSpec(image: string, args: readonly string[], options: CreateOptions): ServiceSpec {
  const reservations = said({
    MemoryBytes: options.reserveMemory === undefined ? undefined : bytes(options.reserveMemory),
    NanoCPUs: options.reserveCpu === undefined ? undefined : nanoCpus(options.reserveCpu),
  });
  const update = said({
    Parallelism: options.updateParallelism,
    Delay: options.updateDelay,
    Order: options.updateOrder,
  });
  return {
    Name: options.name ?? `service_${Math.random().toString(36).slice(2, 10)}`,
    Labels: pairs(options.label),
    TaskTemplate: {
      ContainerSpec: {
        Image: image,
        ...(args.length > 0 ? { Args: [...args] } : {}),
        ...(options.env ? { Env: [...options.env] } : {}),
      },
      Resources: { Reservations: reservations },
      RestartPolicy: said({
        Condition: options.restartCondition,
        Delay: options.restartDelay,
        MaxAttempts: options.restartMaxAttempts,
      }),
      Placement: said({ Constraints: options.constraint }),
      Networks: options.network?.map(Target => ({ Target })) ?? [],
    },
    Mode: options.mode === "global" ? { Global: {} } : { Replicated: { Replicas: options.replicas ?? 1 } },
    ...(Object.keys(update).length > 0 ? { UpdateConfig: { Parallelism: 1, ...update } } : {}),
    ...(options.publish ? { EndpointSpec: { Ports: options.publish.map(port) } } : {}),
  };
}

/** The spec that `shoal service update` sends: the one there is, changed as asked. */
export function changedSpec(spec: ServiceSpec, options: UpdateOptions): ServiceSpec {
  const { TaskTemplate } = spec;
  const container = { ...TaskTemplate.ContainerSpec };
  if (options.image !== undefined) container.Image = options.image;
  if (options.args !== undefined) container.Args = options.args.split(/\s+/).filter(Boolean);
  const dropped = new Set([...(options.envRm ?? []), ...Object.keys(pairs(options.envAdd))]);
  const env = (container.Env ?? []).filter(entry => !dropped.has(entry.split("=")[0] ?? ""));
  if (options.envAdd || options.envRm) container.Env = [...env, ...(options.envAdd ?? [])];
  const labels = Object.entries(spec.Labels ?? {}).filter(([key]) => !options.labelRm?.includes(key));
  return {
    ...spec,
    Labels: { ...Object.fromEntries(labels), ...pairs(options.labelAdd) },
    TaskTemplate: {
      ...TaskTemplate,
      ContainerSpec: container,
      ForceUpdate: (TaskTemplate.ForceUpdate ?? 0) + (options.force ? 1 : 0),
    },
    ...(options.replicas === undefined ? {} : { Mode: { Replicated: { Replicas: options.replicas } } }),
  };
}
