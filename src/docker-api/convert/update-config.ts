import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import {
  UpdateConfig_FailureAction as FailureAction,
  UpdateConfig_UpdateOrder as Order,
  type UpdateConfig,
  UpdateConfigSchema,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { integer } from "../answer.ts";
import { optionalString, optionalUint64 } from "../schema.ts";
import { fromDuration, optionalDuration, toDuration } from "./duration.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";
import { Words } from "./words.ts";

const actions = new Words<FailureAction>({
  pause: FailureAction.PAUSE,
  continue: FailureAction.CONTINUE,
  rollback: FailureAction.ROLLBACK,
});

const orders = new Words<Order>({ "stop-first": Order.STOP_FIRST, "start-first": Order.START_FIRST });

const mostFloat32 = 3.4028234663852886e38;
const float32 = Type.Number({ minimum: -mostFloat32, maximum: mostFloat32, title: "float32" });

/** How an update, or a rollback, is rolled out. */
export const updateConfigBody = Type.Object({
  Parallelism: optionalUint64,
  Delay: optionalDuration,
  FailureAction: optionalString,
  Monitor: optionalDuration,
  MaxFailureRatio: Type.Optional(float32),
  Order: optionalString,
});

export function toUpdateConfig(body: Static<typeof updateConfigBody> | undefined): UpdateConfig | undefined {
  if (!body) return undefined;
  return create(UpdateConfigSchema, {
    parallelism: BigInt(body.Parallelism ?? 0),
    delay: toDuration(body.Delay ?? 0),
    failureAction: actions.valueOf(
      body.FailureAction,
      FailureAction.PAUSE,
      word => `unrecognized update failure action ${word}`,
    ),
    // Absent and 0 alike mean the default.
    monitor: body.Monitor ? toDuration(body.Monitor) : undefined,
    // The wire carries 32 bits: rounded here, so that a spec equals itself after a trip to another manager.
    maxFailureRatio: Math.fround(body.MaxFailureRatio ?? 0),
    order: orders.valueOf(body.Order, Order.STOP_FIRST, word => `unrecognized update order ${word}`),
  });
}

export function fromUpdateConfig(config: UpdateConfig): JsonObject {
  const members = {
    Parallelism: integer(config.parallelism),
    Delay: fromDuration(config.delay),
    FailureAction: actions.wordOf(config.failureAction),
    Monitor: fromDuration(config.monitor),
    MaxFailureRatio: shortestFloat32(config.maxFailureRatio),
    Order: orders.wordOf(config.order),
  };
  return omitEmpty(members, ["Parallelism", "MaxFailureRatio", "Order"]);
}

/** The number with the fewest digits that is the same 32-bit float: 0.1, not 0.10000000149011612. As Go prints it. */
export function shortestFloat32(value: number): number {
  const single = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return short;
  }
  return Number(single.toPrecision(9));
}
