import type { Readable } from "node:stream";
import { onAbort } from "../../lib/bell.ts";
import { asFault } from "../../lib/fault.ts";
import type { LogLine, LogOptions } from "../../ports/runtime.ts";
import type { EngineClient } from "./client.ts";
import { LogFrames, TtyLines } from "./log-frames.ts";

interface ReadContainer {
  readonly id: string;
  readonly tty: boolean;
}

/** A container's log, line by line, as the options ask. */
export async function* containerLogs(
  client: EngineClient,
  container: ReadContainer,
  options: LogOptions,
): AsyncGenerator<LogLine, void> {
  let lastNs: bigint | undefined;
  for await (const line of answered(client, container, options)) {
    lastNs = line.timestampNs;
    yield line;
  }
  if (options.follow) yield* missed(client, container, options, lastNs);
}

/**
 * An engine stops following when the container ends, and may not have read its last lines by then (up to 20.10 it takes whichever
 * of the two it notices first): what came after `lastNs`.
 */
async function* missed(
  client: EngineClient,
  container: ReadContainer,
  options: LogOptions,
  lastNs: bigint | undefined,
): AsyncGenerator<LogLine, void> {
  const since = lastNs === undefined ? {} : { tail: -1, sinceMs: Number(lastNs / 1_000_000n) };
  try {
    for await (const line of answered(client, container, { ...options, ...since, follow: false }))
      if (lastNs === undefined || line.timestampNs > lastNs) yield line;
  } catch (error) {
    // Otherwise it is being removed, and its log with it: what the engine gave of itself is all there is.
    if (asFault(error).code === "unavailable") throw error;
  }
}

/** What the engine answers to one request. */
async function* answered(
  client: EngineClient,
  container: ReadContainer,
  options: LogOptions,
): AsyncGenerator<LogLine, void> {
  if (options.signal.aborted) return;
  const stream = await client.stream("GET", `/containers/${container.id}/logs`, { query: logQuery(options) });
  const release = onAbort(options.signal, () => stream.destroy());
  try {
    yield* readLines(stream, container.tty ? new TtyLines() : new LogFrames());
  } catch (error) {
    if (!options.signal.aborted) throw asFault(error);
  } finally {
    release();
    stream.destroy();
  }
}

async function* readLines(stream: Readable, decoder: LogFrames | TtyLines): AsyncGenerator<LogLine, void> {
  for await (const chunk of stream) yield* decoder.push(chunk as Buffer);
  yield* decoder.flush();
}

function logQuery(options: LogOptions): Record<string, string> {
  const since = options.sinceMs === undefined ? {} : { since: unixTime(options.sinceMs) };
  return {
    stdout: String(options.stdout),
    stderr: String(options.stderr),
    follow: String(options.follow),
    timestamps: "true",
    details: "true",
    tail: options.tail < 0 ? "all" : String(options.tail),
    ...since,
  };
}

/** The engine takes seconds with nine decimals. */
function unixTime(ms: number): string {
  const micros = Math.max(0, Math.floor(ms * 1000));
  return `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, "0")}000`;
}
