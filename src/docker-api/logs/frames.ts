import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { type LogContext, type LogMessage, LogStream } from "../../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";

export interface LineStyle {
  /** Lines in frames that say which stream they are of; without, for terminals, as they came. */
  readonly framed: boolean;
  readonly timestamps: boolean;
  /** Where the line is from, and what labels and environment the log driver adds. */
  readonly details: boolean;
}

/** Numbers of the streams in a frame's header; the last carries errors of the daemon's. */
const streamNumbers = { stdout: 1, stderr: 2, system: 3 } as const;

/**
 * One line of a log as clients read it: `[timestamp ][details ]line`, behind the 8 bytes of the Docker API's
 * multiplexed streams: stream number, three zeros, length as 32 bits. Undefined for a line of no known stream.
 */
export function logLine(message: LogMessage, style: LineStyle): Uint8Array | undefined {
  const stream = streamOf(message.stream);
  if (!stream) return undefined;
  const stamp = style.timestamps ? `${fixedTimestamp(message.timestamp)} ` : "";
  const details = style.details ? `${detailsOf(message)} ` : "";
  const line = Buffer.concat([Buffer.from(stamp + details), message.data]);
  return style.framed ? frame(streamNumbers[stream], line) : line;
}

/** How a client is told, in the middle of a stream, that lines are missing. */
export function errorLine(text: string, style: LineStyle): Uint8Array {
  const line = Buffer.from(`Error grabbing logs: ${text}\n`);
  return style.framed ? frame(streamNumbers.system, line) : line;
}

function streamOf(stream: LogStream): "stdout" | "stderr" | undefined {
  if (stream === LogStream.STDOUT) return "stdout";
  return stream === LogStream.STDERR ? "stderr" : undefined;
}

function frame(stream: number, line: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(line.length, 4);
  return Buffer.concat([header, line]);
}

/** RFC 3339 with all nine digits, so that columns align. */
function fixedTimestamp(stamp: Timestamp | undefined): string {
  const seconds = new Date(Number(stamp?.seconds ?? 0n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(stamp?.nanos ?? 0).padStart(9, "0")}Z`;
}

/** `key=value` pairs, sorted by key, escaped as in a query; the cluster's own keys cannot be overwritten. */
function detailsOf({ attrs, context }: LogMessage): string {
  const pairs = new Map(attrs.map(({ key, value }) => [key, value]));
  for (const [key, value] of Object.entries(contextPairs(context))) pairs.set(key, value);
  return [...pairs]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${escapeQuery(key)}=${escapeQuery(value)}`)
    .join(",");
}

function contextPairs(context: LogContext | undefined): Record<string, string> {
  return {
    "com.docker.swarm.node.id": context?.nodeId ?? "",
    "com.docker.swarm.service.id": context?.serviceId ?? "",
    "com.docker.swarm.task.id": context?.taskId ?? "",
  };
}

/** As Go's url.QueryEscape: all but letters, digits and `-_.~`, a space as "+". Halves of surrogate pairs become U+FFFD. */
function escapeQuery(text: string): string {
  const escaped = encodeURIComponent(Buffer.from(text).toString());
  return escaped
    .replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}
