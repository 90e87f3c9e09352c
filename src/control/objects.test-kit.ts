import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { addressLabel } from "../model/node-address.ts";
import { type Cluster, type Network, type Node, newMeta, type Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import { toTimestamp } from "../model/time.ts";
import {
  ClusterSchema,
  EndpointSchema,
  MetaSchema,
  NetworkSchema,
  NodeSchema,
  ServiceSchema,
  TaskSchema,
} from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  ClusterSpecSchema,
  NetworkSpecSchema,
  type NodeSpec_Availability,
  NodeSpecSchema,
  ServiceSpecSchema,
  TaskSpecSchema,
} from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  AnnotationsSchema,
  type GenericResourceSchema,
  NodeDescriptionSchema,
  NodeStatus_State,
  NodeStatusSchema,
  type PortConfigSchema,
  type RestartPolicySchema,
  TaskState,
  TaskStatusSchema,
  type UpdateConfigSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/* Objects for tests of the control loops, with the parts that matter given and the rest filled in. */

export type TaskSpecInit = MessageInitShape<typeof TaskSpecSchema>;
export type RestartInit = Exclude<MessageInitShape<typeof RestartPolicySchema>, { $typeName: string }>;
export type UpdateInit = MessageInitShape<typeof UpdateConfigSchema>;

export interface NodeInit {
  readonly state?: NodeStatus_State;
  readonly availability?: NodeSpec_Availability;
  readonly labels?: Record<string, string>;
  readonly cpus?: number;
  readonly memory?: bigint;
  readonly generic?: MessageInitShape<typeof GenericResourceSchema>[];
  readonly arch?: string;
  readonly plugins?: { type: string; name: string }[];
  /** A Docker Engine in swarm mode, and not this daemon. */
  readonly stock?: boolean;
  readonly updatedAt?: number;
}

export function aNode(id: string, init: NodeInit = {}): Node {
  const { state = NodeStatus_State.READY, availability, labels = {}, updatedAt } = init;
  return {
    ...create(NodeSchema, { id }),
    meta: updatedAt === undefined ? newMeta() : create(MetaSchema, { updatedAt: toTimestamp(updatedAt) }),
    spec: {
      ...create(NodeSpecSchema, availability === undefined ? {} : { availability }),
      annotations: create(AnnotationsSchema, { labels }),
    },
    status: create(NodeStatusSchema, { state, addr: "10.0.0.1" }),
    description: create(NodeDescriptionSchema, {
      hostname: id,
      platform: { os: "linux", architecture: init.arch ?? "x86_64" },
      resources: {
        nanoCpus: BigInt((init.cpus ?? 4) * 1e9),
        memoryBytes: init.memory ?? 8n << 30n,
        generic: init.generic ?? [],
      },
      engine: { plugins: init.plugins ?? [], labels: init.stock ? {} : { [addressLabel]: "10.0.0.1" } },
    }),
  };
}

export interface ServiceInit {
  /** Replicas; undefined makes it a global service. */
  readonly replicas?: number | undefined;
  readonly task?: TaskSpecInit;
  readonly ports?: MessageInitShape<typeof PortConfigSchema>[];
  readonly update?: UpdateInit;
  readonly rollback?: UpdateInit;
  readonly version?: bigint;
  /** A job of so many completions, two of them at a time; undefined replicas make it a global one. */
  readonly job?: { readonly total?: number; readonly concurrent?: number; readonly iteration?: number };
}

export function aService(id: string, init: ServiceInit = {}): Service {
  const { update, rollback, ports } = init;
  const replicas = "replicas" in init ? init.replicas : 1;
  const spec = create(ServiceSpecSchema, {
    mode: modeFor(init.job, replicas),
    ...(update && { update }),
    ...(rollback && { rollback }),
    ...(ports && { endpoint: { ports } }),
  });
  return {
    ...create(ServiceSchema, {
      id,
      specVersion: { index: init.version ?? 1n },
      ...(init.job && { jobStatus: { jobIteration: { index: BigInt(init.job.iteration ?? 0) } } }),
    }),
    meta: newMeta(),
    spec: {
      ...spec,
      annotations: create(AnnotationsSchema, { name: id }),
      task: create(TaskSpecSchema, { runtime: { case: "container", value: { image: "image:1" } }, ...init.task }),
    },
  };
}

function modeFor(
  job: ServiceInit["job"],
  replicas: number | undefined,
): Exclude<MessageInitShape<typeof ServiceSpecSchema>, { $typeName: string }>["mode"] & object {
  if (replicas === undefined) return job ? { case: "globalJob", value: {} } : { case: "global", value: {} };
  if (!job) return { case: "replicated", value: { replicas: BigInt(replicas) } };
  const { total = 1, concurrent = 2 } = job;
  return {
    case: "replicatedJob",
    value: { totalCompletions: BigInt(total), maxConcurrent: BigInt(concurrent) },
  };
}

export interface TaskInit {
  readonly slot?: number;
  readonly node?: string;
  readonly state?: TaskState;
  readonly desired?: TaskState;
  readonly createdAt?: number;
  /** When it came into its state. */
  readonly since?: number;
  /** As `createdAt` where left out; the spec version, for tasks of an older spec. */
  readonly version?: bigint;
  readonly spec?: TaskSpecInit;
  /** The run of its job that it belongs to. */
  readonly iteration?: number;
}

/** A task of the service as it is, unless told otherwise. */
export function aTask(service: Service, id: string, init: TaskInit = {}): Task {
  const { slot = 1, node = "", state = TaskState.RUNNING, desired = TaskState.RUNNING, createdAt = 0 } = init;
  const { endpoint, task } = service.spec;
  return {
    ...create(TaskSchema, {
      id,
      serviceId: service.id,
      slot: BigInt(slot),
      nodeId: node,
      desiredState: desired,
      specVersion: { index: init.version ?? service.specVersion?.index ?? 0n },
      ...(init.iteration !== undefined && { jobIteration: { index: BigInt(init.iteration) } }),
    }),
    meta: create(MetaSchema, { version: { index: 1n }, createdAt: toTimestamp(createdAt) }),
    annotations: create(AnnotationsSchema),
    serviceAnnotations: service.spec.annotations,
    spec: init.spec ? create(TaskSpecSchema, init.spec) : task,
    endpoint: create(EndpointSchema, endpoint && { spec: endpoint, ports: endpoint.ports }),
    status: create(TaskStatusSchema, { state, timestamp: toTimestamp(init.since ?? createdAt) }),
  };
}

/** Tasks of the service, by id. */
export function tasksOf(service: Service, inits: Readonly<Record<string, TaskInit>>): Task[] {
  return Object.entries(inits).map(([id, init]) => aTask(service, id, init));
}

export function aNetwork(id: string, driver: string): Network {
  return {
    ...create(NetworkSchema, { id }),
    meta: newMeta(),
    spec: {
      ...create(NetworkSpecSchema, { driverConfig: { name: driver } }),
      annotations: create(AnnotationsSchema, { name: id }),
    },
  };
}

export function aCluster(taskHistoryRetentionLimit = 5): Cluster {
  return {
    ...create(ClusterSchema, { id: "cluster" }),
    meta: newMeta(),
    spec: {
      ...create(ClusterSpecSchema, { orchestration: { taskHistoryRetentionLimit: BigInt(taskHistoryRetentionLimit) } }),
      annotations: create(AnnotationsSchema, { name: "default" }),
    },
  };
}
