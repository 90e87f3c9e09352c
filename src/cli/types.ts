import type { ServiceSpec } from "../compose/stack/spec.ts";

/* What the CLI reads of the API's objects; Docker's own names. */

export interface Version {
  readonly Index: number;
}

export interface NodeView {
  readonly ID: string;
  readonly Version: Version;
  readonly Spec: { readonly Role: string; readonly Availability: string; readonly Labels?: Record<string, string> };
  readonly Description: {
    readonly Hostname: string;
    readonly Engine: { readonly EngineVersion: string };
    readonly TLSInfo?: { readonly TrustRoot?: string };
  };
  readonly Status: { readonly State: string; readonly Addr: string; readonly Message?: string };
  readonly ManagerStatus?: { readonly Leader?: boolean; readonly Reachability: string; readonly Addr: string };
}

export interface PortView {
  readonly Protocol: string;
  readonly TargetPort: number;
  readonly PublishedPort: number;
  readonly PublishMode: string;
}

export interface ServiceView {
  readonly ID: string;
  readonly Version: Version;
  /** By the leader's clock, as a task's is. */
  readonly UpdatedAt: string;
  readonly Spec: ServiceSpec;
  readonly Endpoint?: { readonly Ports?: readonly PortView[] };
  readonly UpdateStatus?: { readonly State?: string; readonly Message?: string };
  readonly ServiceStatus?: {
    readonly RunningTasks: number;
    readonly DesiredTasks: number;
    readonly CompletedTasks?: number;
  };
  readonly JobStatus?: { readonly JobIteration?: Version };
}

export interface TaskView {
  readonly ID: string;
  readonly UpdatedAt: string;
  readonly ServiceID: string;
  readonly NodeID?: string;
  readonly Slot?: number;
  readonly Spec: { readonly ContainerSpec: { readonly Image: string } };
  readonly DesiredState: string;
  readonly JobIteration?: Version;
  readonly Status: {
    readonly State: string;
    readonly Timestamp: string;
    readonly Message: string;
    readonly Err?: string;
    readonly PortStatus?: { readonly Ports?: readonly PortView[] };
  };
}

export interface SwarmView {
  readonly ID: string;
  readonly Version: Version;
  readonly JoinTokens: { readonly Worker: string; readonly Manager: string };
  readonly TLSInfo?: { readonly TrustRoot?: string };
  readonly RootRotationInProgress?: boolean;
  readonly Spec: Record<string, unknown> & {
    readonly Orchestration?: object;
    readonly Dispatcher?: object;
    readonly CAConfig?: object;
    readonly Raft?: object;
    readonly EncryptionConfig?: { readonly AutoLockManagers?: boolean };
  };
}

/** What a manager's `/info` says of the cluster; what is zero may be left out. */
export interface ClusterView {
  readonly ID: string;
  readonly Spec: {
    readonly Orchestration: { readonly TaskHistoryRetentionLimit?: number };
    readonly Raft: {
      readonly SnapshotInterval?: number;
      readonly KeepOldSnapshots?: number;
      readonly HeartbeatTick?: number;
      readonly ElectionTick?: number;
    };
    /** Times in nanoseconds. */
    readonly Dispatcher: { readonly HeartbeatPeriod?: number };
    readonly CAConfig: {
      readonly NodeCertExpiry?: number;
      readonly ForceRotate?: number;
      readonly ExternalCAs?: readonly { readonly Protocol: string; readonly URL: string }[] | null;
    };
    readonly EncryptionConfig: { readonly AutoLockManagers?: boolean };
  };
  readonly DefaultAddrPool?: readonly string[] | null;
  readonly SubnetSize?: number;
  readonly DataPathPort?: number;
  readonly RootRotationInProgress?: boolean;
}

export interface InfoView {
  readonly Name: string;
  readonly ServerVersion: string;
  readonly Swarm: {
    readonly NodeID: string;
    readonly NodeAddr: string;
    readonly LocalNodeState: string;
    readonly ControlAvailable: boolean;
    readonly Error: string;
    readonly Managers?: number;
    readonly Nodes?: number;
    readonly Cluster?: ClusterView;
    readonly RemoteManagers?: readonly { readonly NodeID: string; readonly Addr: string }[] | null;
  };
}
