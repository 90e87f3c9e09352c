import { create } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { LogStream, LogSubscriptionOptionsSchema } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { readingOf } from "./log-options.ts";

describe("what a subscription asks of a runtime", () => {
  it.each([
    [0n, -1, 0],
    [-1n, 0, 0],
    [-2n, 1, 0],
    [-11n, 10, 0],
    [5n, -1, 5],
  ])("tail %i: the last %i lines, passing over %i", (tail, lines, skip) => {
    const reading = readingOf(create(LogSubscriptionOptionsSchema, { tail }));
    expect([reading.options.tail, reading.skip]).toEqual([lines, skip]);
  });

  it.each([
    [[], true, true],
    [[LogStream.STDOUT], true, false],
    [[LogStream.STDERR], false, true],
    [[LogStream.STDERR, LogStream.STDOUT], true, true],
  ])("streams %j", (streams, stdout, stderr) => {
    expect(readingOf(create(LogSubscriptionOptionsSchema, { streams })).options).toMatchObject({ stdout, stderr });
  });

  it("is everything, once, when nothing is said", () => {
    const options = { stdout: true, stderr: true, follow: false, tail: -1, sinceMs: undefined };
    expect(readingOf(undefined)).toEqual({ options, sinceNs: 0n, skip: 0 });
  });

  it("keeps the time from which on, to the nanosecond", () => {
    const since = create(TimestampSchema, { seconds: 1n, nanos: 500_000_001 });
    const reading = readingOf(create(LogSubscriptionOptionsSchema, { since }));
    expect([reading.options.sinceMs, reading.sinceNs]).toEqual([1_500, 1_500_000_001n]);
  });
});
