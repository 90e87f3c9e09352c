/** What the demo reads of the Docker API's objects. */

export interface ApiNode {
  readonly ID: string;
  readonly Description: { readonly Hostname: string };
  readonly Status: { readonly State: string; readonly Addr: string };
  readonly ManagerStatus?: { readonly Leader?: boolean; readonly Reachability: string };
}

export interface ApiService {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: ServiceSpec;
  readonly ServiceStatus?: { readonly RunningTasks: number; readonly DesiredTasks: number };
}

export interface ServiceSpec {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly TaskTemplate: {
    readonly ContainerSpec: {
      readonly Image: string;
      readonly Command?: readonly string[];
      readonly Args?: readonly string[];
      readonly StopGracePeriod?: number;
    };
    readonly RestartPolicy?: { readonly Condition: string; readonly Delay: number };
  };
  readonly Mode: { readonly Replicated?: { readonly Replicas: number } };
  readonly EndpointSpec?: {
    readonly Ports: readonly {
      readonly Protocol: string;
      readonly TargetPort: number;
      readonly PublishedPort: number;
      readonly PublishMode: string;
    }[];
  };
}

export interface ApiTask {
  readonly ID: string;
  readonly ServiceID: string;
  readonly Slot?: number;
  readonly NodeID?: string;
  readonly DesiredState: string;
  readonly Status: {
    readonly State: string;
    readonly Message?: string;
    readonly Err?: string;
    readonly ContainerStatus?: { readonly ContainerID?: string };
  };
}
