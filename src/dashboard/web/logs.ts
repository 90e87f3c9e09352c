import { stream } from "./api.ts";

/** One line that a task has written. */
export interface LogLine {
  readonly stream: "stdout" | "stderr";
  readonly taskId: string;
  readonly nodeId: string;
  /** RFC 3339. */
  readonly time: string;
  readonly text: string;
}

/** Bytes before each piece of a log: which stream, and how long (Docker's API, "attach"). */
const headerBytes = 8;
const stderr = 2;

/** The last `tail` lines of a service's log, then new ones until `signal` aborts. */
export async function* followLogs(
  serviceId: string,
  tail: number,
  signal: AbortSignal,
): AsyncGenerator<LogLine[], void> {
  const query = `follow=true&stdout=true&stderr=true&timestamps=true&details=true&tail=${tail}`;
  const reader = (await stream(`/services/${serviceId}/logs?${query}`, signal)).getReader();
  let rest = new Uint8Array();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const { lines, left } = readFrames(joined(rest, value));
    rest = left;
    if (lines.length > 0) yield lines;
  }
}

/** The whole pieces in `bytes` as lines, and what is left over. */
export function readFrames(bytes: Uint8Array): { readonly lines: LogLine[]; readonly left: Uint8Array<ArrayBuffer> } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder();
  const lines: LogLine[] = [];
  let at = 0;
  while (at + headerBytes <= bytes.length) {
    const end = at + headerBytes + view.getUint32(at + 4);
    if (end > bytes.length) break;
    const name = view.getUint8(at) === stderr ? "stderr" : "stdout";
    lines.push(readLine(name, decoder.decode(bytes.subarray(at + headerBytes, end))));
    at = end;
  }
  return { lines, left: bytes.slice(at) };
}

/** "TIME DETAILS TEXT": details are `key=value,…`, in which the swarm says whose line it is. */
function readLine(name: LogLine["stream"], line: string): LogLine {
  const [, time = "", details = "", text = ""] = /^(\S+) (\S*) ?(.*)$/s.exec(line) ?? [];
  const values = new URLSearchParams(details.replaceAll(",", "&"));
  return {
    stream: name,
    time,
    taskId: values.get("com.docker.swarm.task.id") ?? "",
    nodeId: values.get("com.docker.swarm.node.id") ?? "",
    text: text.replace(/\r?\n$/, ""),
  };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
