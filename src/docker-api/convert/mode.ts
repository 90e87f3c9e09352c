import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import {
  GlobalJobSchema,
  GlobalServiceSchema,
  ReplicatedJobSchema,
  ReplicatedServiceSchema,
  type ServiceSpec,
} from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { integer } from "../answer.ts";
import { HttpError } from "../errors.ts";
import { optionalUint64 } from "../schema.ts";
import type { JsonObject } from "./omit.ts";

export const modeBody = Type.Object({
  Replicated: Type.Optional(Type.Object({ Replicas: optionalUint64 })),
  Global: Type.Optional(Type.Object({})),
  ReplicatedJob: Type.Optional(Type.Object({ MaxConcurrent: optionalUint64, TotalCompletions: optionalUint64 })),
  GlobalJob: Type.Optional(Type.Object({})),
});

type Mode = ServiceSpec["mode"];

/** No mode, or one without a number, means one replica. */
export function toMode(body: Static<typeof modeBody> = {}): Mode {
  const { Replicated: replicated, Global: global, ReplicatedJob: job, GlobalJob: globalJob } = body;
  if ([replicated, global, job, globalJob].filter(Boolean).length > 1) {
    throw new HttpError(400, "must specify only one service mode");
  }
  if (global) return { case: "global", value: create(GlobalServiceSchema) };
  if (globalJob) return { case: "globalJob", value: create(GlobalJobSchema) };
  if (job) {
    const maxConcurrent = BigInt(job.MaxConcurrent ?? 1);
    const totalCompletions = job.TotalCompletions === undefined ? maxConcurrent : BigInt(job.TotalCompletions);
    return { case: "replicatedJob", value: create(ReplicatedJobSchema, { maxConcurrent, totalCompletions }) };
  }
  const replicas = BigInt(replicated?.Replicas ?? 1);
  return { case: "replicated", value: create(ReplicatedServiceSchema, { replicas }) };
}

export function fromMode(mode: Mode): JsonObject {
  switch (mode.case) {
    case "replicated":
      return { Replicated: { Replicas: integer(mode.value.replicas) } };
    case "global":
      return { Global: {} };
    case "replicatedJob":
      return {
        ReplicatedJob: {
          MaxConcurrent: integer(mode.value.maxConcurrent),
          TotalCompletions: integer(mode.value.totalCompletions),
        },
      };
    case "globalJob":
      return { GlobalJob: {} };
    case undefined:
      return {};
    default:
      return mode satisfies never;
  }
}

/** The word that the filter `mode` of a list has for it. */
export function modeWord(mode: Mode): string {
  switch (mode.case) {
    case "replicatedJob":
      return "replicated-job";
    case "globalJob":
      return "global-job";
    default:
      return mode.case ?? "";
  }
}
