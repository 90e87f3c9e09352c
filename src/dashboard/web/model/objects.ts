/*
 * The swarm's objects as the API's live stream tells them: Docker's own forms, of which these are the members that the
 * page looks at. Tasks are shorter than Docker's.
 */

interface Stamped {
  readonly ID: string;
  readonly Version: { readonly Index?: number };
  readonly CreatedAt: string;
  readonly UpdatedAt: string;
}

type Labels = Readonly<Record<string, string>> | null;

export interface Node extends Stamped {
  readonly Spec: {
    readonly Name?: string;
    readonly Labels?: Labels;
    readonly Role: "manager" | "worker";
    readonly Availability: "active" | "pause" | "drain";
  };
  readonly Description: {
    readonly Hostname?: string;
    readonly Platform: { readonly Architecture?: string; readonly OS?: string };
    readonly Resources: { readonly NanoCPUs?: number; readonly MemoryBytes?: number };
    readonly Engine: { readonly EngineVersion?: string; readonly Labels?: Labels };
  };
  readonly Status: {
    readonly State: "unknown" | "down" | "ready" | "disconnected";
    readonly Message?: string;
    readonly Addr?: string;
  };
  readonly Certificate?: { readonly Since: string; readonly Ends: string };
  readonly Addresses?: Addresses;
}

/** By network, as ADDRESS/LENGTH. */
type Addresses = Readonly<Record<string, string>>;

export interface Port {
  readonly Protocol?: string;
  readonly TargetPort?: number;
  readonly PublishedPort?: number;
  readonly PublishMode?: "ingress" | "host";
}

export interface Resources {
  readonly NanoCPUs?: number;
  readonly MemoryBytes?: number;
}

export interface ServiceSpec {
  readonly Name: string;
  readonly Labels?: Labels;
  readonly TaskTemplate: {
    readonly ContainerSpec?: {
      readonly Image?: string;
      readonly Command?: readonly string[];
      readonly Args?: readonly string[];
      readonly Env?: readonly string[];
      readonly Secrets?: readonly { readonly SecretName: string }[];
      readonly Configs?: readonly { readonly ConfigName: string }[];
    };
    readonly Resources?: { readonly Limits?: Resources; readonly Reservations?: Resources };
    readonly Placement?: { readonly Constraints?: readonly string[] };
    readonly Networks?: readonly { readonly Target: string }[];
    readonly ForceUpdate?: number;
  };
  readonly Mode: {
    readonly Replicated?: { readonly Replicas?: number };
    readonly Global?: object;
    readonly ReplicatedJob?: { readonly MaxConcurrent?: number; readonly TotalCompletions?: number };
    readonly GlobalJob?: object;
  };
  readonly EndpointSpec?: { readonly Mode?: string; readonly Ports?: readonly Port[] };
}

export interface UpdateStatus {
  readonly State?: "updating" | "paused" | "completed" | "rollback_started" | "rollback_paused" | "rollback_completed";
  readonly StartedAt?: string;
  readonly CompletedAt?: string;
  readonly Message?: string;
}

export interface Service extends Stamped {
  readonly Spec: ServiceSpec;
  readonly PreviousSpec?: ServiceSpec;
  readonly Endpoint?: {
    readonly Ports?: readonly Port[];
    readonly VirtualIPs?: readonly { readonly NetworkID: string; readonly Addr: string }[];
  };
  readonly UpdateStatus?: UpdateStatus;
}

export type TaskState =
  | "new"
  | "pending"
  | "assigned"
  | "accepted"
  | "preparing"
  | "ready"
  | "starting"
  | "running"
  | "complete"
  | "shutdown"
  | "failed"
  | "rejected"
  | "remove"
  | "orphaned";

export interface Task extends Stamped {
  readonly ServiceID?: string;
  readonly NodeID?: string;
  /** Absent for tasks of global services. */
  readonly Slot?: number;
  readonly Image?: string;
  readonly State: TaskState;
  readonly DesiredState: TaskState;
  /** When it came into its state. */
  readonly Since: string;
  readonly Message?: string;
  readonly Err?: string;
  readonly ExitCode?: number;
  readonly Addresses?: Addresses;
}

export interface Network {
  readonly Id: string;
  readonly Name: string;
  readonly CreatedAt: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly Ingress: boolean;
  readonly IPAM: { readonly Config?: readonly { readonly Subnet?: string; readonly Gateway?: string }[] | null };
  readonly Labels: Labels;
  readonly Options: Labels;
}

/** A secret or config, never with what is in it. */
export interface Data extends Stamped {
  readonly Spec: { readonly Name: string; readonly Labels?: Labels };
}

/** The managers as the one that serves the page sees them. */
export interface Quorum {
  readonly Members: readonly Member[];
  /** Counts the votes for a leader (Raft). */
  readonly Term: number;
}

export interface Member {
  readonly NodeID: string;
  readonly Addr: string;
  readonly Leader: boolean;
  readonly Reachable: boolean;
}

export interface Cluster extends Stamped {
  readonly Spec: { readonly Name?: string };
  readonly RootRotationInProgress: boolean;
}

export interface Objects {
  readonly quorum: Quorum;
  readonly cluster: Cluster;
  readonly node: Node;
  readonly service: Service;
  readonly task: Task;
  readonly network: Network;
  readonly secret: Data;
  readonly config: Data;
}

export type Kind = keyof Objects;

/** One object as it is now; without Object it is gone. */
export type Change = {
  [K in Kind]: { readonly Kind: K; readonly ID: string; readonly Version: number; readonly Object?: Objects[K] };
}[Kind];
