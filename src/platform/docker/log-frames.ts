import { Fault } from "../../lib/fault.ts";
import type { LogLine } from "../../ports/runtime.ts";

/** A frame begins with the stream's number, three zeros and the payload's length, big-endian (Docker: "stdcopy"). */
const headerBytes = 8;
/** Longest line that is put together from the engine's pieces (of 16 KiB); longer ones arrive in several, in bytes. */
const longestLineBytes = 1 << 20;
const newline = 0x0a;
const space = 0x20;

type StreamName = LogLine["stream"];
const streamNames: readonly (StreamName | undefined)[] = ["stdout", "stdout", "stderr"];

/** Lines out of the engine's answer to a request for logs with timestamps and details, for containers without a TTY. */
export class LogFrames {
  readonly #partial = new Map<StreamName, LogLine>();
  #rest: Buffer = Buffer.alloc(0);

  /** The lines that are complete with this chunk. Faults when the engine reports an error of its own. */
  push(chunk: Buffer): LogLine[] {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const lines: LogLine[] = [];
    while (rest.length >= headerBytes) {
      const end = headerBytes + rest.readUInt32BE(4);
      if (rest.length < end) break;
      const stream = streamNames[rest[0] ?? 0];
      const payload = rest.subarray(headerBytes, end);
      if (!stream) throw new Fault("unknown", payload.toString().trim());
      lines.push(...this.#join(timestamped(stream, payload)));
      rest = rest.subarray(end);
    }
    this.#rest = Buffer.from(rest);
    return lines;
  }

  /** What is left at the end of the log: lines that never got their newline. */
  flush(): LogLine[] {
    const left = [...this.#partial.values()];
    this.#partial.clear();
    return left;
  }

  /** The engine cuts long lines, each piece with a timestamp of its own: the first one counts. */
  #join(piece: LogLine): LogLine[] {
    const before = this.#partial.get(piece.stream);
    const line = before ? { ...before, data: Buffer.concat([before.data, piece.data]) } : piece;
    if (line.data.at(-1) === newline || line.data.length >= longestLineBytes) {
      this.#partial.delete(piece.stream);
      return [line];
    }
    this.#partial.set(piece.stream, line);
    return [];
  }
}

/** Lines out of a TTY container's log, which has no frames: each line begins with its timestamp. */
export class TtyLines {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): LogLine[] {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const lines: LogLine[] = [];
    for (let end = rest.indexOf(newline); end >= 0 || rest.length >= longestLineBytes; end = rest.indexOf(newline)) {
      const length = end >= 0 ? end + 1 : longestLineBytes;
      lines.push(timestamped("stdout", rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
    this.#rest = Buffer.from(rest);
    return lines;
  }

  flush(): LogLine[] {
    return this.#rest.length === 0 ? [] : [timestamped("stdout", this.#rest)];
  }
}

/** `TIME DETAILS text`, as the engine writes lines that are asked for with both; without details there are two spaces. */
function timestamped(stream: StreamName, payload: Buffer): LogLine {
  const first = payload.indexOf(space);
  const timestampNs = first > 0 ? parseTimestamp(payload.subarray(0, first).toString("latin1")) : undefined;
  if (timestampNs === undefined) return { stream, timestampNs: 0n, data: Buffer.from(payload) };
  const second = payload.indexOf(space, first + 1);
  const details = second < 0 ? "" : payload.subarray(first + 1, second).toString();
  const data = Buffer.from(payload.subarray((second < 0 ? first : second) + 1));
  return { stream, timestampNs, data, ...(details === "" ? {} : { attributes: parseDetails(details) }) };
}

/** `key=value,key=value`, each escaped as in a query. */
function parseDetails(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text.replaceAll(",", "&")));
}

/** RFC 3339 with up to nine digits of a second, as nanoseconds since 1970; undefined when it is no time. */
export function parseTimestamp(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return undefined;
  const seconds = Date.parse(`${match[1]}${match[3]}`) / 1000;
  if (Number.isNaN(seconds)) return undefined;
  return BigInt(seconds) * 1_000_000_000n + BigInt((match[2] ?? "").padEnd(9, "0"));
}
