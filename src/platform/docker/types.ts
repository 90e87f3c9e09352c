/*
 * The parts of the Docker Engine API's JSON that are used here (https://docs.docker.com/reference/api/engine/), spelt
 * as on the wire. What the engine may leave out is optional; what it leaves empty is often null.
 */

export interface EngineVersionAnswer {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
}

export interface EngineInfo {
  readonly Name: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly ServerVersion: string;
  readonly Labels?: readonly string[] | null;
  readonly Plugins?: Readonly<Record<string, readonly string[] | null>>;
}

export interface Mount {
  readonly Type: "bind" | "volume" | "tmpfs" | "npipe";
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
  readonly Consistency?: string;
  readonly BindOptions?: Readonly<Record<string, string | boolean>>;
  readonly VolumeOptions?: Readonly<Record<string, unknown>>;
  readonly TmpfsOptions?: Readonly<Record<string, number>>;
}

export interface PortBinding {
  readonly HostIp?: string;
  readonly HostPort: string;
}

export interface HealthConfig {
  readonly Test: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly Retries?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
}

export interface HostConfig {
  readonly NetworkMode: string;
  readonly PortBindings: Readonly<Record<string, readonly PortBinding[]>>;
  readonly Mounts: readonly Mount[];
  readonly GroupAdd: readonly string[];
  readonly ReadonlyRootfs: boolean;
  readonly Init?: boolean;
  readonly LogConfig?: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
  readonly Dns: readonly string[];
  readonly DnsSearch: readonly string[];
  readonly DnsOptions: readonly string[];
  readonly ExtraHosts: readonly string[];
  readonly SecurityOpt: readonly string[];
  readonly CapAdd: readonly string[];
  readonly CapDrop: readonly string[];
  readonly Sysctls: Readonly<Record<string, string>>;
  readonly Ulimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
  readonly OomScoreAdj: number;
  readonly PidsLimit?: number;
  readonly NanoCpus?: number;
  readonly Memory?: number;
  readonly MemoryReservation?: number;
  readonly MemorySwap?: number;
  readonly MemorySwappiness?: number;
}

/** A container's place on a network. */
export interface EndpointSettings {
  readonly IPAMConfig: { readonly IPv4Address?: string; readonly IPv6Address?: string };
  /** Heeded from API 1.44 on; before, engines derive the same from the IPv4 address. */
  readonly MacAddress?: string;
}

/** The body of `POST /containers/create`. */
export interface ContainerCreate {
  readonly Image: string;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env: readonly string[];
  readonly Hostname: string;
  readonly WorkingDir: string;
  readonly User: string;
  readonly Tty: boolean;
  readonly OpenStdin: boolean;
  readonly Labels: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  /** Seconds. */
  readonly StopTimeout?: number;
  readonly Healthcheck?: HealthConfig;
  readonly ExposedPorts: Readonly<Record<string, Readonly<Record<string, never>>>>;
  readonly HostConfig: HostConfig;
  readonly NetworkingConfig?: { readonly EndpointsConfig: Readonly<Record<string, EndpointSettings>> };
}

/** What `GET /containers/ID/json` says, as far as it is looked at. */
export interface ContainerAnswer {
  readonly Id: string;
  readonly State: {
    readonly Status: "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Error: string;
    readonly OOMKilled: boolean;
    readonly Health?: { readonly Status: string } | null;
  };
  readonly Config: { readonly Tty: boolean; readonly Labels: Readonly<Record<string, string>> | null };
  readonly HostConfig: { readonly Memory?: number };
  readonly NetworkSettings: {
    readonly Ports?: Readonly<Record<string, readonly PortBinding[] | null>> | null;
  };
}

/** One line of `GET /containers/json`. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

/** What `GET /containers/{id}/stats` says, as far as it is looked at. Memory is left out of a container that has ended. */
export interface ContainerStats {
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
  readonly memory_stats: {
    readonly usage?: number;
    readonly stats?: { readonly total_inactive_file?: number; readonly inactive_file?: number };
  };
}

/** One line of `GET /events`. */
export interface EventMessage {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

/** One line of a pull's progress. */
export interface PullMessage {
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  /** Bytes. */
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}
