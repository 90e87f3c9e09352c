import { describe, expect, it } from "vitest";
import { LogStream } from "../../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { logOptions } from "./options.ts";

const options = (query: string) => logOptions(new URLSearchParams(query));

describe("what a client wants of the logs", () => {
  it.each<[query: string, streams: LogStream[], follow: boolean, tail: bigint, since: unknown]>([
    ["stdout=1", [LogStream.STDOUT], false, 0n, undefined],
    ["stdout=1&stderr=1&tail=all&details=1", [LogStream.STDOUT, LogStream.STDERR], false, 0n, undefined],
    ["stderr=true&follow=1&tail=0", [LogStream.STDERR], true, -1n, undefined],
    ["stderr=1&stdout=0&tail=10", [LogStream.STDERR], false, -11n, undefined],
    ["stdout=1&since=1795262544", [LogStream.STDOUT], false, 0n, { seconds: 1_795_262_544n, nanos: 0 }],
    ["stdout=1&since=1795262544.5", [LogStream.STDOUT], false, 0n, { seconds: 1_795_262_544n, nanos: 500_000_000 }],
    ["stdout=1&since=12.000000001", [LogStream.STDOUT], false, 0n, { seconds: 12n, nanos: 1 }],
    ["stdout=1&since=12.0000000019", [LogStream.STDOUT], false, 0n, { seconds: 12n, nanos: 1 }],
  ])("%s", (query, streams, follow, tail, since) => {
    const wanted = options(query);
    expect(wanted).toMatchObject({ streams, follow, tail });
    if (since) expect(wanted.since).toMatchObject(since);
    else expect(wanted.since).toBeUndefined();
  });

  it.each([
    ["", "Bad parameters: you must choose at least one stream"],
    ["stdout=false&stderr=0", "Bad parameters: you must choose at least one stream"],
    ["stdout=1&tail=many", 'tail value must be a positive integer or "all"'],
    ["stdout=1&tail=1.5", 'tail value must be a positive integer or "all"'],
    ["stdout=1&tail=-5", "negative tail values not supported"],
    ["stdout=1&since=yesterday", 'invalid value for "since": invalid timestamp "yesterday"'],
    ["stdout=1&since=1.x", 'invalid value for "since": invalid timestamp "1.x"'],
  ])("%s is refused: %s", (query, text) => {
    expect(() => options(query)).toThrow(text);
  });
});
