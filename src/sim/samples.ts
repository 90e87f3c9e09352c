import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Config, type Network, type Node, newMeta, type Secret, type Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import {
  ConfigSchema,
  NetworkSchema,
  NodeSchema,
  SecretSchema,
  ServiceSchema,
  TaskSchema,
} from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  ConfigSpecSchema,
  NetworkSpecSchema,
  NodeSpecSchema,
  SecretSpecSchema,
  ServiceSpecSchema,
  TaskSpecSchema,
} from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  AnnotationsSchema,
  NodeDescriptionSchema,
  NodeStatus_State,
  NodeStatusSchema,
  TaskState,
  TaskStatusSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/*
 * Small whole objects for tests. Each takes what matters to the test and fills in the rest; a spec given is used as it is.
 */

type Init<S extends Parameters<typeof create>[0]> = Exclude<MessageInitShape<S>, { $typeName: string }>;

export function sampleNode(id: string, hostname = id): Node {
  return {
    ...create(NodeSchema, { id, description: create(NodeDescriptionSchema, { hostname }) }),
    meta: newMeta(),
    spec: { ...create(NodeSpecSchema), annotations: create(AnnotationsSchema) },
    status: create(NodeStatusSchema, { state: NodeStatus_State.READY }),
  };
}

/** A replicated service of one; `task` is its task's spec. */
export function sampleService(id: string, name = id, task: Init<typeof TaskSpecSchema> = sampleTaskSpec): Service {
  const spec = create(ServiceSpecSchema, { mode: { case: "replicated", value: { replicas: 1n } } });
  return {
    ...create(ServiceSchema, { id, specVersion: { index: 1n } }),
    meta: newMeta(),
    spec: { ...spec, annotations: create(AnnotationsSchema, { name }), task: create(TaskSpecSchema, task) },
  };
}

export const sampleTaskSpec: Init<typeof TaskSpecSchema> = {
  runtime: { case: "container", value: { image: "shoal/whoami" } },
};

/** A task that is to run and is NEW. With a service it shares that one's spec and name. */
export function sampleTask(id: string, service?: Service, init: Init<typeof TaskSchema> = {}): Task {
  return {
    ...create(TaskSchema, { id, serviceId: service?.id ?? "", desiredState: TaskState.RUNNING, ...init }),
    meta: newMeta(),
    spec: service?.spec.task ?? create(TaskSpecSchema, init.spec ?? sampleTaskSpec),
    status: create(TaskStatusSchema, init.status ?? { state: TaskState.NEW }),
    annotations: create(AnnotationsSchema, init.annotations ?? {}),
    serviceAnnotations: service?.spec.annotations ?? create(AnnotationsSchema),
    ...(service?.specVersion ? { specVersion: service.specVersion } : {}),
  };
}

export function sampleNetwork(id: string, name = id, init: Init<typeof NetworkSpecSchema> = {}): Network {
  const spec = create(NetworkSpecSchema, { driverConfig: { name: "overlay" }, ...init });
  return {
    ...create(NetworkSchema, { id }),
    meta: newMeta(),
    spec: { ...spec, annotations: create(AnnotationsSchema, { name }) },
  };
}

export function sampleSecret(id: string, name = id, data = Uint8Array.of(1)): Secret {
  const annotations = create(AnnotationsSchema, { name });
  return {
    ...create(SecretSchema, { id }),
    meta: newMeta(),
    spec: { ...create(SecretSpecSchema, { data }), annotations },
  };
}

export function sampleConfig(id: string, name = id, data = Uint8Array.of(1)): Config {
  const annotations = create(AnnotationsSchema, { name });
  return {
    ...create(ConfigSchema, { id }),
    meta: newMeta(),
    spec: { ...create(ConfigSpecSchema, { data }), annotations },
  };
}
