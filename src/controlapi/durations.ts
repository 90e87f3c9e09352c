import type { Duration } from "@bufbuild/protobuf/wkt";
import { durationToNanos } from "../model/time.ts";

/** Nanoseconds; an absent duration is 0. */
export function nanosOf(duration: Duration | undefined): bigint {
  return duration ? durationToNanos(duration) : 0n;
}

export function isNegative(duration: Duration | undefined): boolean {
  return nanosOf(duration) < 0n;
}
