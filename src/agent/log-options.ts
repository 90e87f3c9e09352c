import { fromTimestamp } from "../model/time.ts";
import type { LogOptions } from "../ports/runtime.ts";
import { LogStream, type LogSubscriptionOptions } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";

/** What a runtime is asked for, and what of the lines it gives is to be passed over. */
export interface LogReading {
  readonly options: Omit<LogOptions, "signal">;
  /** Lines from before this are not wanted: runtimes know milliseconds only. Nanoseconds since 1970. */
  readonly sinceNs: bigint;
  /** So many of the others are not wanted either. */
  readonly skip: number;
}

/**
 * What a subscription's options ask of a runtime. SwarmKit: a tail of 0 is everything, -1 - N the last N lines, and N > 0
 * everything but the first N.
 */
export function readingOf(options: LogSubscriptionOptions | undefined): LogReading {
  const streams = options?.streams ?? [];
  const wants = (stream: LogStream): boolean => streams.length === 0 || streams.includes(stream);
  const tail = Number(options?.tail ?? 0n);
  const since = options?.since;
  return {
    options: {
      stdout: wants(LogStream.STDOUT),
      stderr: wants(LogStream.STDERR),
      follow: options?.follow ?? false,
      tail: tail < 0 ? -tail - 1 : -1,
      sinceMs: since && Math.floor(fromTimestamp(since) ?? 0),
    },
    sinceNs: since ? since.seconds * 1_000_000_000n + BigInt(since.nanos) : 0n,
    skip: Math.max(0, tail),
  };
}
