import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import { type ServiceSpec, ServiceSpecSchema } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { annotationsMembers, fromAnnotations, toAnnotations } from "./annotations.ts";
import { attachmentBody, fromAttachment } from "./attachment.ts";
import { endpointSpecBody, fromEndpointSpec, toEndpointSpec } from "./endpoint.ts";
import { fromMode, modeBody, toMode } from "./mode.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";
import { fromTaskSpec, runtimeWord, taskSpecBody, toTaskSpec } from "./task-spec.ts";
import { fromUpdateConfig, toUpdateConfig, updateConfigBody } from "./update-config.ts";

export const serviceSpecBody = Type.Object({
  ...annotationsMembers,
  TaskTemplate: Type.Optional(taskSpecBody),
  Mode: Type.Optional(modeBody),
  UpdateConfig: Type.Optional(updateConfigBody),
  RollbackConfig: Type.Optional(updateConfigBody),
  /** Until API 1.25 the place for networks; still read where the task template has none. */
  Networks: Type.Optional(Type.Array(attachmentBody)),
  EndpointSpec: Type.Optional(endpointSpecBody),
});

export type ServiceSpecBody = Static<typeof serviceSpecBody>;

/** A spec as the cluster's API takes it. 400 with Docker's texts for what this side has to refuse. */
export function toServiceSpec(body: ServiceSpecBody): ServiceSpec {
  return create(ServiceSpecSchema, {
    annotations: toAnnotations(body),
    task: toTaskSpec(body.TaskTemplate),
    update: toUpdateConfig(body.UpdateConfig),
    rollback: toUpdateConfig(body.RollbackConfig),
    endpoint: toEndpointSpec(body.EndpointSpec),
    mode: toMode(body.Mode),
  });
}

/** Docker's normal form: what was left out stays out, but for mode, runtime, isolation and the like. */
export function fromServiceSpec(spec: ServiceSpec): JsonObject {
  return omitEmpty({
    ...fromAnnotations(spec.annotations),
    TaskTemplate: spec.task ? { ...fromTaskSpec(spec.task), Runtime: runtimeWord(spec.task) } : {},
    Mode: fromMode(spec.mode),
    UpdateConfig: spec.update && fromUpdateConfig(spec.update),
    RollbackConfig: spec.rollback && fromUpdateConfig(spec.rollback),
    Networks: spec.networks.map(fromAttachment),
    EndpointSpec: spec.endpoint && fromEndpointSpec(spec.endpoint),
  });
}
