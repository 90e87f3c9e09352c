import { create } from "@bufbuild/protobuf";
import { newId } from "../lib/ids.ts";
import { type Cluster, newMeta, type Service } from "../model/objects.ts";
import type { Task } from "../model/task.ts";
import { toTimestamp } from "../model/time.ts";
import { EndpointSchema, TaskSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  AnnotationsSchema,
  TaskState as State,
  type TaskState,
  TaskStatusSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Context } from "./loop.ts";

/** Where a new task belongs: a replica's number, or a global service's node. */
export type Place = { readonly slot: bigint } | { readonly nodeId: string };

/** A new task made from its service as it is now; it starts as NEW. */
export function newTask(
  service: Service,
  place: Place,
  desiredState: TaskState,
  { now, random, cluster }: Context & { readonly cluster: Cluster | undefined },
): Task {
  const logDriver = service.spec.task.logDriver ?? cluster?.spec.taskDefaults?.logDriver;
  return {
    ...create(TaskSchema, { id: newId(random), serviceId: service.id, ...place }),
    meta: newMeta(),
    annotations: create(AnnotationsSchema),
    serviceAnnotations: service.spec.annotations,
    spec: service.spec.task,
    status: create(TaskStatusSchema, { state: State.NEW, timestamp: toTimestamp(now), message: "created" }),
    desiredState,
    endpoint: create(EndpointSchema, service.spec.endpoint && { spec: service.spec.endpoint }),
    ...(service.specVersion && { specVersion: service.specVersion }),
    ...(logDriver && { logDriver }),
  };
}
