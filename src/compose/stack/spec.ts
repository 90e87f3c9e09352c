/* What a service is to be, in Docker's own names: what is looked at here is typed, the rest goes through. */

export interface ContainerSpec {
  Image: string;
  Args?: string[];
  Env?: string[];
  [other: string]: unknown;
}

export interface Mode {
  Replicated?: { Replicas?: number };
  Global?: object;
  ReplicatedJob?: { MaxConcurrent?: number; TotalCompletions?: number };
  GlobalJob?: object;
}

export interface ServiceSpec {
  Name: string;
  Labels?: Record<string, string>;
  TaskTemplate: { ContainerSpec: ContainerSpec; ForceUpdate?: number; [other: string]: unknown };
  Mode?: Mode;
  [other: string]: unknown;
}
