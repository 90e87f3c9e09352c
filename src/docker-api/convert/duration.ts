import type { Duration } from "@bufbuild/protobuf/wkt";
import { Type } from "typebox";
import { durationToNanos, nanosToDuration } from "../../model/time.ts";
import { integer } from "../answer.ts";

/** The greatest float below 2^63. */
const mostNanos = 2 ** 63 - 1024;

/**
 * A duration in nanoseconds, as Go's time.Duration. Above 2^53 (104 days) JSON numbers are exact to less than a
 * microsecond in 292 years, and exact for whole seconds, which is what people write.
 */
export const duration = Type.Integer({ minimum: -(2 ** 63), maximum: mostNanos, title: "time.Duration" });
export const optionalDuration = Type.Optional(duration);

export function toDuration(nanos: number): Duration {
  return nanosToDuration(BigInt(nanos));
}

/** Absent stays absent: for members that are pointers in Go. */
export function toOptionalDuration(nanos: number | undefined): Duration | undefined {
  return nanos === undefined ? undefined : toDuration(nanos);
}

export function fromDuration(value: Duration | undefined): number | undefined {
  return value && integer(durationToNanos(value));
}
