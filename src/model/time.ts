import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";

/** Wall time in milliseconds as the protocol's timestamp. */
export function toTimestamp(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) });
}

export function nanosToTimestamp(nanos: bigint): Timestamp {
  return create(TimestampSchema, { seconds: nanos / 1_000_000_000n, nanos: Number(nanos % 1_000_000_000n) });
}

/** Nanoseconds since 1970; 0 for no time. */
export function toNanos(stamp: Timestamp | undefined): bigint {
  return stamp ? stamp.seconds * 1_000_000_000n + BigInt(stamp.nanos) : 0n;
}

export function fromTimestamp(stamp: Timestamp | undefined): number | undefined {
  return stamp && Number(stamp.seconds) * 1000 + stamp.nanos / 1e6;
}

/** Milliseconds as the protocol's duration. */
export function toDuration(ms: number): Duration {
  return nanosToDuration(BigInt(Math.round(ms * 1e6)));
}

export function fromDuration(duration: Duration | undefined): number | undefined {
  return duration && Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}

/** Nanoseconds, the unit of every duration in Docker's JSON. */
export function nanosToDuration(nanos: bigint): Duration {
  return create(DurationSchema, { seconds: nanos / 1_000_000_000n, nanos: Number(nanos % 1_000_000_000n) });
}

export function durationToNanos(duration: Duration): bigint {
  return duration.seconds * 1_000_000_000n + BigInt(duration.nanos);
}

/** RFC 3339 with nanoseconds, as Go prints times: trailing zeros cut, "Z". */
export function formatTimestamp(stamp: Timestamp): string {
  const seconds = new Date(Number(stamp.seconds) * 1000).toISOString().slice(0, 19);
  const fraction = String(stamp.nanos).padStart(9, "0").replace(/0+$/, "");
  return fraction === "" ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}
