import type { IncomingMessage } from "node:http";
import { create } from "@bufbuild/protobuf";
import type { Service } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  type ContainerSpec_PullOptions,
  ContainerSpec_PullOptionsSchema,
  type ServiceSpec,
} from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { HttpError } from "../errors.ts";

/** The registry credentials that a client sent, for the nodes' pulls; undefined when it sent none. */
export function sentAuth(request: IncomingMessage): ContainerSpec_PullOptions | undefined {
  const header = request.headers["x-registry-auth"];
  const registryAuth = Array.isArray(header) ? (header[0] ?? "") : (header ?? "");
  return registryAuth === "" ? undefined : create(ContainerSpec_PullOptionsSchema, { registryAuth });
}

/** Where an update takes its credentials from when it sends none: they are not part of what clients are shown. */
export function keptAuth(service: Service, from: string): ContainerSpec_PullOptions | undefined {
  switch (from) {
    case "":
    case "spec":
      return pullOptions(service.spec);
    case "previous-spec":
      if (!service.previousSpec) throw new HttpError(400, "service does not have a previous spec");
      return pullOptions(service.previousSpec);
    default:
      throw new HttpError(400, `invalid registryAuthFrom '${from}'`);
  }
}

function pullOptions(spec: ServiceSpec | undefined): ContainerSpec_PullOptions | undefined {
  const runtime = spec?.task?.runtime;
  return runtime?.case === "container" ? runtime.value.pullOptions : undefined;
}

/** The spec with these credentials. */
export function withAuth(spec: ServiceSpec, auth: ContainerSpec_PullOptions | undefined): ServiceSpec {
  const { task } = spec;
  if (!auth || task?.runtime.case !== "container") return spec;
  const container = { ...task.runtime.value, pullOptions: auth };
  return { ...spec, task: { ...task, runtime: { case: "container", value: container } } };
}
