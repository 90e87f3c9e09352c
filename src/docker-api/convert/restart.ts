import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import {
  RestartPolicy_RestartCondition as Condition,
  type RestartPolicy,
  RestartPolicySchema,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { integer } from "../answer.ts";
import { optionalString, optionalUint64 } from "../schema.ts";
import { fromDuration, optionalDuration, toOptionalDuration } from "./duration.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";
import { invalid, Words } from "./words.ts";

const conditions = new Words<Condition>({
  none: Condition.NONE,
  "on-failure": Condition.ON_FAILURE,
  any: Condition.ANY,
});

export const restartBody = Type.Object({
  Condition: optionalString,
  Delay: optionalDuration,
  MaxAttempts: optionalUint64,
  Window: optionalDuration,
});

/** A policy without a condition restarts always. */
export function toRestartPolicy(body: Static<typeof restartBody> | undefined): RestartPolicy | undefined {
  if (!body) return undefined;
  return create(RestartPolicySchema, {
    condition: conditions.valueOf(body.Condition, Condition.ANY, invalid("RestartCondition")),
    delay: toOptionalDuration(body.Delay),
    maxAttempts: BigInt(body.MaxAttempts ?? 0),
    window: toOptionalDuration(body.Window),
  });
}

export function fromRestartPolicy(policy: RestartPolicy): JsonObject {
  const members = {
    Condition: conditions.wordOf(policy.condition) || "any",
    Delay: fromDuration(policy.delay),
    MaxAttempts: integer(policy.maxAttempts),
    Window: fromDuration(policy.window),
  };
  return omitEmpty(members, ["Delay", "MaxAttempts", "Window"]);
}
