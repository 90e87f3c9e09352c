import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import { type HealthConfig, HealthConfigSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { optionalStrings } from "../schema.ts";
import { fromDuration, optionalDuration, toDuration } from "./duration.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";

const int32 = Type.Integer({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1, title: "int32" });

export const healthBody = Type.Object({
  Test: optionalStrings,
  Interval: optionalDuration,
  Timeout: optionalDuration,
  StartPeriod: optionalDuration,
  StartInterval: optionalDuration,
  Retries: Type.Optional(int32),
});

/** 0 means "as the image says" in every member. */
export function toHealth(body: Static<typeof healthBody> | undefined): HealthConfig | undefined {
  if (!body) return undefined;
  return create(HealthConfigSchema, {
    test: body.Test ?? [],
    interval: toDuration(body.Interval ?? 0),
    timeout: toDuration(body.Timeout ?? 0),
    startPeriod: toDuration(body.StartPeriod ?? 0),
    startInterval: toDuration(body.StartInterval ?? 0),
    retries: body.Retries ?? 0,
  });
}

export function fromHealth(health: HealthConfig): JsonObject {
  return omitEmpty({
    Test: health.test,
    Interval: fromDuration(health.interval),
    Timeout: fromDuration(health.timeout),
    StartPeriod: fromDuration(health.startPeriod),
    StartInterval: fromDuration(health.startInterval),
    Retries: health.retries,
  });
}
