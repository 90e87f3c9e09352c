import type {
  Meta,
  Cluster as WireCluster,
  Config as WireConfig,
  Extension as WireExtension,
  Network as WireNetwork,
  Node as WireNode,
  Resource as WireResource,
  Secret as WireSecret,
  Service as WireService,
  Volume as WireVolume,
} from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type {
  ClusterSpec,
  ConfigSpec,
  NetworkSpec,
  NodeSpec,
  SecretSpec,
  ServiceSpec,
  TaskSpec,
  VolumeSpec,
} from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { Annotations, NodeStatus, Version } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Task } from "./task.ts";

/*
 * The objects of a swarm are SwarmKit's messages themselves (docs/adr/0001), narrowed to what the store guarantees:
 * parts that protobuf must call optional but that every stored object has. Objects in the store are never changed in
 * place: copy with a spread, replace what differs, hand the copy to a write transaction.
 */

type Named<Spec> = Spec & { readonly annotations: Annotations };
type Stored<Wire, Spec> = Wire & { readonly meta: Meta; readonly spec: Named<Spec> };

export type Node = Stored<WireNode, NodeSpec> & { readonly status: NodeStatus };
export type Service = Stored<WireService, ServiceSpec> & {
  readonly spec: Named<ServiceSpec> & { readonly task: TaskSpec };
};
export type Network = Stored<WireNetwork, NetworkSpec>;
export type Cluster = Stored<WireCluster, ClusterSpec>;
export type Secret = Stored<WireSecret, SecretSpec>;
export type Config = Stored<WireConfig, ConfigSpec>;
export type Volume = Stored<WireVolume, VolumeSpec>;
export type Resource = WireResource & { readonly meta: Meta; readonly annotations: Annotations };
export type Extension = WireExtension & { readonly meta: Meta; readonly annotations: Annotations };

/** Every kind of object in the store, by the name of its table. */
export interface ObjectTypes {
  node: Node;
  service: Service;
  task: Task;
  network: Network;
  cluster: Cluster;
  secret: Secret;
  config: Config;
  volume: Volume;
  resource: Resource;
  extension: Extension;
}

export type ObjectKind = keyof ObjectTypes;

/** Meta for an object that is not stored yet; the store stamps version and times. */
export function newMeta(): Meta {
  // Not with `create`: there is one for every new object, and it looks at each field of it.
  const version: Version = { $typeName: "docker.swarmkit.v1.Version", index: 0n };
  return { $typeName: "docker.swarmkit.v1.Meta", version };
}

/** The version of the last write to an object; 0 before the first. */
export function versionOf(object: { readonly meta: Meta }): bigint {
  return object.meta.version?.index ?? 0n;
}
