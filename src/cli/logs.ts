import type { IncomingMessage } from "node:http";
import type { Api } from "./api.ts";
import { print, shortId } from "./output.ts";
import type { NodeView, ServiceView, TaskView } from "./types.ts";

/** Bytes before each frame of a multiplexed log: stream, three zeros, length (Docker API, "attach"). */
const headerBytes = 8;
/** Of a service with a terminal: nothing says where a line begins. */
const rawType = "application/vnd.docker.raw-stream";

/** Prints a service's log lines as they come, each after its task's and its node's name. */
export function printLogs(api: Api, path: string): Promise<void> {
  const names = new Names(api);
  return api.stream(path, async body => {
    if (body.headers["content-type"] === rawType) for await (const chunk of body) process.stdout.write(chunk);
    else for await (const line of framesOf(body)) print(await prefixed(line, names));
  });
}

async function* framesOf(body: IncomingMessage): AsyncGenerator<string, void> {
  let rest = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= headerBytes) {
      const end = headerBytes + rest.readUInt32BE(4);
      if (rest.length < end) break;
      yield rest.subarray(headerBytes, end).toString().replace(/\n$/, "");
      rest = rest.subarray(end);
    }
  }
}

/** `[TIME ]DETAILS TEXT` as `[TIME ]SERVICE.SLOT.TASK@NODE | TEXT`. */
async function prefixed(line: string, names: Names): Promise<string> {
  const [, time = "", details = "", text = ""] = /^(\S+ )??(com\.docker\.swarm\S*) ?([\s\S]*)$/.exec(line) ?? [];
  if (details === "") return line;
  const values = new Map(details.split(",").map(pair => pair.split("=") as [string, string]));
  const value = (key: string): string => values.get(`com.docker.swarm.${key}.id`) ?? "";
  const [task, node] = await Promise.all([names.task(value("service"), value("task")), names.node(value("node"))]);
  return `${time}${task}@${node} | ${text}`;
}

/** Names by id, each asked for once. What is gone meanwhile keeps its id. */
class Names {
  readonly #api: Api;
  readonly #known = new Map<string, Promise<string>>();

  constructor(api: Api) {
    this.#api = api;
  }

  node(id: string): Promise<string> {
    return this.#once(id, async () => (await this.#api.get<NodeView>(`/nodes/${id}`)).Description.Hostname);
  }

  task(serviceId: string, id: string): Promise<string> {
    return this.#once(id, async () => {
      const { Slot, NodeID } = await this.#api.get<TaskView>(`/tasks/${id}`);
      return `${await this.#service(serviceId)}.${Slot ?? NodeID}.${shortId(id)}`;
    });
  }

  #service(id: string): Promise<string> {
    return this.#once(id, async () => (await this.#api.get<ServiceView>(`/services/${id}`)).Spec.Name);
  }

  #once(id: string, ask: () => Promise<string>): Promise<string> {
    const name = this.#known.get(id) ?? ask().catch(() => shortId(id));
    this.#known.set(id, name);
    return name;
  }
}
