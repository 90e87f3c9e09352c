import { create } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import {
  LogStream,
  type LogSubscriptionOptions,
  LogSubscriptionOptionsSchema,
} from "../../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { HttpError } from "../errors.ts";
import { flag } from "../query.ts";

/** Digits of a fraction of a second that are read; clients send nine. */
const mostFractionDigits = 20;

/** What a client wants of the logs. 400, but 500 for no stream, with Docker's texts. */
export function logOptions(query: URLSearchParams): LogSubscriptionOptions {
  const streams: LogStream[] = [];
  if (flag(query, "stdout")) streams.push(LogStream.STDOUT);
  if (flag(query, "stderr")) streams.push(LogStream.STDERR);
  if (streams.length === 0) throw new HttpError(500, "Bad parameters: you must choose at least one stream");
  return create(LogSubscriptionOptionsSchema, {
    streams,
    follow: flag(query, "follow"),
    tail: tailOf(query.get("tail") ?? ""),
    since: sinceOf(query.get("since") ?? ""),
  });
}

/** SwarmKit: 0 is everything, -(n + 1) the last n lines. */
function tailOf(text: string): bigint {
  if (text === "" || text === "all") return 0n;
  if (!/^[+-]?[0-9]{1,18}$/.test(text)) throw new HttpError(400, 'tail value must be a positive integer or "all"');
  const lines = BigInt(text.replace("+", ""));
  if (lines < 0n) throw new HttpError(400, "negative tail values not supported");
  return -(lines + 1n);
}

/** Seconds since the epoch, with a fraction or without. */
function sinceOf(text: string): Timestamp | undefined {
  if (text === "") return undefined;
  const match = /^([+-]?[0-9]{1,12})(?:\.([0-9]*))?$/.exec(text);
  const fraction = match?.[2] ?? "";
  if (!match || fraction.length > mostFractionDigits) {
    throw new HttpError(400, `invalid value for "since": invalid timestamp ${JSON.stringify(text)}`);
  }
  const nanos = Number(fraction.slice(0, 9).padEnd(9, "0"));
  return create(TimestampSchema, { seconds: BigInt((match[1] ?? "0").replace("+", "")), nanos });
}
