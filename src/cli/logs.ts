import type { Api } from "./api.ts";
import { print, shortId } from "./output.ts";

/** Bytes before each frame of a multiplexed log: stream, three zeros, length (Docker API, "attach"). */
const headerBytes = 8;

/** Prints a service's log lines as they come, each after its task's name. */
export async function printLogs(api: Api, path: string, timestamps: boolean): Promise<void> {
  let rest = Buffer.alloc(0);
  for await (const chunk of await api.stream(path)) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= headerBytes) {
      const end = headerBytes + rest.readUInt32BE(4);
      if (rest.length < end) break;
      print(prefixed(rest.subarray(headerBytes, end).toString().replace(/\n$/, ""), timestamps));
      rest = rest.subarray(end);
    }
  }
}

/** `[TIME ]DETAILS TEXT` as `[TIME ]TASK@NODE | TEXT`, with short ids. */
function prefixed(line: string, timestamps: boolean): string {
  const [, time = "", details = "", text = ""] = /^(\S+ )??(com\.docker\.swarm\S*) ?([\s\S]*)$/.exec(line) ?? [];
  if (details === "") return line;
  const values = new Map(details.split(",").map(pair => pair.split("=") as [string, string]));
  const task = shortId(values.get("com.docker.swarm.task.id") ?? "");
  const node = shortId(values.get("com.docker.swarm.node.id") ?? "");
  return `${timestamps ? time : ""}${task}@${node} | ${text}`;
}
