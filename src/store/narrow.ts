import { create } from "@bufbuild/protobuf";
import { type Node, newMeta, type ObjectKind, type ObjectTypes, type Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import { laidOut } from "../model/task-layout.ts";
import type * as wire from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  ClusterSpecSchema,
  ConfigSpecSchema,
  NetworkSpecSchema,
  NodeSpecSchema,
  SecretSpecSchema,
  ServiceSpecSchema,
  TaskSpecSchema,
  VolumeSpecSchema,
} from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  type Annotations,
  AnnotationsSchema,
  NodeStatusSchema,
  TaskStatusSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

export interface WireTypes {
  node: wire.Node;
  service: wire.Service;
  task: wire.Task;
  network: wire.Network;
  cluster: wire.Cluster;
  secret: wire.Secret;
  config: wire.Config;
  volume: wire.Volume;
  resource: wire.Resource;
  extension: wire.Extension;
}

/**
 * Objects as they come from a log or snapshot, narrowed to what the model promises: parts that are absent on the wire,
 * which stands for "all defaults", are put in. What is known and what is unknown in them stays as it is.
 */
export const narrow: { readonly [K in ObjectKind]: (object: WireTypes[K]) => ObjectTypes[K] } = {
  node: narrowNode,
  service: narrowService,
  task: narrowTask,
  network: object => ({ ...withMeta(object), spec: named(object.spec ?? create(NetworkSpecSchema)) }),
  cluster: object => ({ ...withMeta(object), spec: named(object.spec ?? create(ClusterSpecSchema)) }),
  secret: object => ({ ...withMeta(object), spec: named(object.spec ?? create(SecretSpecSchema)) }),
  config: object => ({ ...withMeta(object), spec: named(object.spec ?? create(ConfigSpecSchema)) }),
  volume: object => ({ ...withMeta(object), spec: named(object.spec ?? create(VolumeSpecSchema)) }),
  resource: object => named(withMeta(object)),
  extension: object => named(withMeta(object)),
};

function narrowNode(node: wire.Node): Node {
  const spec = named(node.spec ?? create(NodeSpecSchema));
  return { ...withMeta(node), spec, status: node.status ?? create(NodeStatusSchema) };
}

function narrowService(service: wire.Service): Service {
  const spec = named(service.spec ?? create(ServiceSpecSchema));
  return { ...withMeta(service), spec: { ...spec, task: spec.task ?? create(TaskSpecSchema) } };
}

function narrowTask(task: wire.Task): Task {
  // There are many of them, and nearly all are whole.
  if (isWhole(task)) return laidOut(task, task.meta);
  const whole = {
    ...named(withMeta(task)),
    spec: task.spec ?? create(TaskSpecSchema),
    status: task.status ?? create(TaskStatusSchema),
    serviceAnnotations: task.serviceAnnotations ?? create(AnnotationsSchema),
  };
  return laidOut(whole, whole.meta);
}

function isWhole(task: wire.Task): task is Task {
  return Boolean(task.meta && task.annotations && task.spec && task.status && task.serviceAnnotations);
}

function withMeta<T extends { readonly meta?: wire.Meta | undefined }>(object: T): T & { readonly meta: wire.Meta } {
  return { ...object, meta: object.meta ?? newMeta() };
}

function named<T extends { readonly annotations?: Annotations | undefined }>(
  part: T,
): T & { readonly annotations: Annotations } {
  return { ...part, annotations: part.annotations ?? create(AnnotationsSchema) };
}
