import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import { type TaskSpec, TaskSpecSchema } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { integer } from "../answer.ts";
import { HttpError } from "../errors.ts";
import { optionalString, optionalUint64 } from "../schema.ts";
import { attachmentBody, fromAttachment, toAttachment } from "./attachment.ts";
import { containerBody, fromContainer, toContainer } from "./container.ts";
import { driverBody, fromDriver, toDriver } from "./driver.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";
import { fromPlacement, placementBody, toPlacement } from "./placement.ts";
import { fromResources, resourcesBody, toResources } from "./resources.ts";
import { fromRestartPolicy, restartBody, toRestartPolicy } from "./restart.ts";

export const taskSpecBody = Type.Object({
  ContainerSpec: Type.Optional(containerBody),
  PluginSpec: Type.Optional(Type.Object({})),
  Resources: Type.Optional(resourcesBody),
  RestartPolicy: Type.Optional(restartBody),
  Placement: Type.Optional(placementBody),
  Networks: Type.Optional(Type.Array(attachmentBody)),
  LogDriver: Type.Optional(driverBody),
  ForceUpdate: optionalUint64,
  Runtime: optionalString,
});

type TaskSpecBody = Static<typeof taskSpecBody>;

/** Throws Docker's 400 for a runtime that is not containers. */
export function toTaskSpec(body: TaskSpecBody = {}): TaskSpec {
  const container = containerOf(body);
  return create(TaskSpecSchema, {
    runtime: {
      case: "container",
      value: toContainer(container, BigInt(body.Resources?.Limits?.Pids ?? 0)),
    },
    restart: toRestartPolicy(body.RestartPolicy),
    placement: toPlacement(body.Placement),
    resources: toResources(body.Resources),
    logDriver: toDriver(body.LogDriver, "TaskTemplate.LogDriver"),
    networks: body.Networks?.map(toAttachment) ?? [],
    forceUpdate: BigInt(body.ForceUpdate ?? 0),
  });
}

function containerOf(body: TaskSpecBody): Static<typeof containerBody> {
  switch (body.Runtime ?? "") {
    case "":
    case "container":
      if (body.ContainerSpec) return body.ContainerSpec;
      break;
    case "plugin":
      if (body.PluginSpec) throw new HttpError(400, 'runtime type "plugin" only supported in experimental');
      break;
    default:
      throw new HttpError(400, "unsupported runtime");
  }
  throw new HttpError(400, "mismatched Runtime and *Spec fields");
}

/** As tasks show it; services add `Runtime`, see `runtimeWord`. */
export function fromTaskSpec(spec: TaskSpec): JsonObject {
  const { runtime } = spec;
  const members = {
    ContainerSpec: runtime.case === "container" ? fromContainer(runtime.value) : undefined,
    NetworkAttachmentSpec: runtime.case === "attachment" ? { ContainerID: runtime.value.containerId } : undefined,
    Resources: fromResources(spec.resources, runtime.case === "container" ? runtime.value.pidsLimit : 0n),
    RestartPolicy: spec.restart && fromRestartPolicy(spec.restart),
    Placement: spec.placement && fromPlacement(spec.placement),
    Networks: spec.networks.map(fromAttachment),
    LogDriver: fromDriver(spec.logDriver),
    ForceUpdate: integer(spec.forceUpdate),
    Runtime: runtime.case === "attachment" ? "attachment" : undefined,
  };
  return omitEmpty(members, ["ForceUpdate"]);
}

export function runtimeWord({ runtime }: TaskSpec): string {
  switch (runtime.case) {
    case "generic":
      return runtime.value.kind;
    case "attachment":
      return "attachment";
    default:
      return "container";
  }
}
