import { Fault } from "../../lib/fault.ts";
import type { Task } from "../../model/task.ts";
import { fromDuration } from "../../model/time.ts";
import {
  type ContainerSpec,
  ContainerSpec_Isolation as Isolation,
} from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { HealthConfig as HealthSpec } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { containerLabels } from "./labels.ts";
import { toMount } from "./mounts.ts";
import { hostPorts, portBindings, portKey } from "./ports.ts";
import { genericResourceEnv, resourceSettings } from "./resources.ts";
import { securityOptions } from "./security-options.ts";
import type { TaskEndpoint } from "./task-networks.ts";
import type { ContainerCreate, HealthConfig, HostConfig, Mount } from "./types.ts";

/** What a container's configuration depends on besides its task. */
export interface ContainerPlace {
  readonly nodeId: string;
  /** Labels that every container of this daemon gets. */
  readonly labels: Readonly<Record<string, string>>;
  /** The address that host-mode ports are published on; "" for all. */
  readonly publishAddress: string;
  /** The engine's newest API; what it does not know is refused. */
  readonly engineApi?: string;
  /** The secrets and configs, which lie in files of the node by now. */
  readonly files: readonly Mount[];
  /** Its places on the swarm's networks; with the first the container is made. */
  readonly endpoints?: readonly TaskEndpoint[];
  /** Where it asks for names; where the engine says without any. */
  readonly nameServers?: readonly string[];
}

/** Networks that every engine has; a task is put on the first one that its spec names. */
const ownNetworks = ["host", "none", "bridge"];

/** The container part of a task's spec. Faults invalid_argument for tasks that are no containers. */
export function containerSpec(task: Task): ContainerSpec {
  const runtime = task.spec.runtime;
  if (runtime.case === "container") return runtime.value;
  throw new Fault(
    "invalid_argument",
    `Cannot run task ${task.id}: it is ${runtime.case ?? "nothing"}, not a container`,
  );
}

/** The engine's configuration for a task's container. Faults invalid_argument with Docker's texts. */
export function containerConfig(task: Task, place: ContainerPlace): ContainerCreate {
  const spec = containerSpec(task);
  refuseWindows(spec);
  const graceMs = fromDuration(spec.stopGracePeriod);
  const published = networkMode(task) === "host" ? [] : hostPorts(task);
  return {
    Image: spec.image,
    ...(spec.command.length > 0 ? { Entrypoint: spec.command } : {}),
    ...(spec.args.length > 0 ? { Cmd: spec.args } : {}),
    Env: [...spec.env, ...genericResourceEnv(task.assignedGenericResources)],
    Hostname: spec.hostname,
    WorkingDir: spec.dir,
    User: spec.user,
    Tty: spec.tty,
    OpenStdin: spec.openStdin,
    Labels: containerLabels(task, place.nodeId, place.labels),
    ...(spec.stopSignal === "" ? {} : { StopSignal: spec.stopSignal }),
    ...(graceMs === undefined ? {} : { StopTimeout: graceSeconds(graceMs) }),
    ...(spec.healthcheck ? { Healthcheck: healthConfig(spec.healthcheck) } : {}),
    ExposedPorts: Object.fromEntries(published.map(port => [portKey(port), {}])),
    HostConfig: {
      ...hostConfig(task, spec, place),
      PortBindings: portBindings(published, place.publishAddress),
      Mounts: [...spec.mounts.map(mount => toMount(mount, place.engineApi)), ...place.files],
    },
    ...networkingConfig(task, place),
  };
}

/** Engines before API 1.44 take one place only: the others are given to the container afterwards. */
function networkingConfig(task: Task, { endpoints = [] }: ContainerPlace): Pick<ContainerCreate, "NetworkingConfig"> {
  const first = endpoints.find(({ network }) => network === networkMode(task, endpoints));
  return first ? { NetworkingConfig: { EndpointsConfig: { [first.network]: first.settings } } } : {};
}

/** What only Windows containers have. An engine passes over it or fails with each start: said once, it is no riddle. */
function refuseWindows({ isolation, privileges }: ContainerSpec): void {
  const credential = privileges?.credentialSpec?.source;
  if (credential?.case) {
    const given = `${credential.case}://${credential.value}`;
    const reason = "credential specs are for Windows containers, this node runs Linux ones";
    throw new Fault("invalid_argument", `Cannot use the credential spec "${given}": ${reason}`);
  }
  if (isolation !== Isolation.DEFAULT) {
    const name = Isolation[isolation].toLowerCase();
    throw new Fault("invalid_argument", `Invalid isolation: "${name}" - linux only supports 'default'`);
  }
}

/** The engine counts grace periods in whole seconds: rounded up, so that nobody is killed early. */
export function graceSeconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

/** The network that the container is made on: one of the engine's own where the task names one. */
export function networkMode(task: Task, endpoints: readonly TaskEndpoint[] = []): string {
  const named = [
    ...task.networks.map(attachment => attachment.network?.spec?.annotations?.name ?? ""),
    ...task.spec.networks.map(network => network.target),
  ];
  return named.find(name => ownNetworks.includes(name)) ?? endpoints[0]?.network ?? "bridge";
}

function hostConfig(
  task: Task,
  spec: ContainerSpec,
  { endpoints = [], nameServers = [] }: ContainerPlace,
): Omit<HostConfig, "PortBindings" | "Mounts"> {
  const log = task.logDriver ?? task.spec.logDriver;
  return {
    NetworkMode: networkMode(task, endpoints),
    GroupAdd: spec.groups,
    ReadonlyRootfs: spec.readOnly,
    ...(spec.init === undefined ? {} : { Init: spec.init }),
    ...(log ? { LogConfig: { Type: log.name, Config: log.options } } : {}),
    Dns: [...nameServers, ...(spec.dnsConfig?.nameservers ?? [])],
    DnsSearch: spec.dnsConfig?.search ?? [],
    DnsOptions: spec.dnsConfig?.options ?? [],
    ExtraHosts: spec.hosts.flatMap(extraHosts),
    SecurityOpt: securityOptions(spec.privileges),
    CapAdd: spec.capabilityAdd,
    CapDrop: spec.capabilityDrop,
    Sysctls: spec.sysctls,
    Ulimits: spec.ulimits.map(limit => ({ Name: limit.name, Soft: Number(limit.soft), Hard: Number(limit.hard) })),
    OomScoreAdj: Number(spec.oomScoreAdj),
    ...resourceSettings(task.spec),
  };
}

/** SwarmKit keeps hosts as lines of /etc/hosts (`10.0.0.1 db db.local`); the engine wants `db:10.0.0.1`. */
function extraHosts(line: string): string[] {
  const [address = "", ...names] = line.trim().split(/\s+/);
  return names.map(name => `${name}:${address}`);
}

/** The engine counts in nanoseconds; 0 is "as the image says". */
function healthConfig(spec: HealthSpec): HealthConfig {
  const nanos = (duration: HealthSpec["interval"]): number => Math.round((fromDuration(duration) ?? 0) * 1e6);
  return {
    Test: spec.test,
    Interval: nanos(spec.interval),
    Timeout: nanos(spec.timeout),
    Retries: spec.retries,
    StartPeriod: nanos(spec.startPeriod),
    ...(spec.startInterval ? { StartInterval: nanos(spec.startInterval) } : {}),
  };
}
