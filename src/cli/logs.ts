import type { IncomingMessage } from "node:http";
import type { Command } from "commander";
import { parseDuration } from "../lib/quantity.ts";
import type { Api } from "./api.ts";
import { CliError } from "./failure.ts";
import { print, shortId } from "./output.ts";
import type { NodeView, ServiceView, TaskView } from "./types.ts";

/** Bytes before each frame of a multiplexed log: stream, three zeros, length (Docker API, "attach"). */
const headerBytes = 8;
const stderrStream = 2;
/** Of a service with a terminal: nothing says where a line begins. */
const rawType = "application/vnd.docker.raw-stream";

export interface LogOptions {
  readonly follow?: boolean;
  readonly tail: string;
  readonly since?: string;
  readonly timestamps?: boolean;
  readonly details?: boolean;
  readonly raw?: boolean;
  readonly resolve: boolean;
  readonly taskIds: boolean;
  readonly trunc: boolean;
}

export function logOptions(command: Command): Command {
  return command
    .option("-f, --follow", "go on as lines come")
    .option("-n, --tail <lines>", "only the last lines of each task", "all")
    .option("--since <time>", "only from then on: a time, or how long ago (42m)")
    .option("-t, --timestamps", "with times")
    .option("--details", "with what the log driver knows besides")
    .option("--raw", "lines alone")
    .option("--no-resolve", "ids instead of names")
    .option("--no-task-ids", "without the tasks' ids")
    .option("--no-trunc", "whole ids");
}

/** The query of a request for logs; where lines come from is always asked for. */
export function logQuery({ follow, tail, since, timestamps }: LogOptions): string {
  const query = new URLSearchParams({ stdout: "1", stderr: "1", details: "1", tail });
  if (follow) query.set("follow", "1");
  if (timestamps) query.set("timestamps", "1");
  if (since !== undefined) query.set("since", timeOf(since));
  return String(query);
}

/** Prints log lines as they come, each after its task's and its node's name; what went to stderr goes there. */
export function printLogs(api: Api, path: string, options: LogOptions): Promise<void> {
  const names = new Names(api, options);
  return api.stream(path, async body => {
    if (body.headers["content-type"] === rawType) for await (const chunk of body) process.stdout.write(chunk);
    else
      for await (const { stream, line } of framesOf(body)) {
        const text = await prefixed(line, names, options);
        if (stream === stderrStream) process.stderr.write(`${text}\n`);
        else print(text);
      }
  });
}

async function* framesOf(body: IncomingMessage): AsyncGenerator<{ stream: number; line: string }, void> {
  let rest = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= headerBytes) {
      const end = headerBytes + rest.readUInt32BE(4);
      if (rest.length < end) break;
      yield { stream: rest[0] ?? 0, line: rest.subarray(headerBytes, end).toString().replace(/\n$/, "") };
      rest = rest.subarray(end);
    }
  }
}

/** `[TIME ]DETAILS TEXT` as `[TIME ]SERVICE.SLOT.TASK@NODE | TEXT`. */
async function prefixed(line: string, names: Names, options: LogOptions): Promise<string> {
  const [, time = "", details = "", text = ""] = /^(\S+ )??(\S*com\.docker\.swarm\S*) ?([\s\S]*)$/.exec(line) ?? [];
  if (details === "") return line;
  const others = details.split(",").filter(pair => !pair.startsWith("com.docker.swarm."));
  const said = options.details && others.length > 0 ? `${others.join(",")} ${text}` : text;
  if (options.raw) return `${time}${said}`;
  const values = new Map(details.split(",").map(pair => pair.split("=") as [string, string]));
  const value = (key: string): string => values.get(`com.docker.swarm.${key}.id`) ?? "";
  const [task, node] = await Promise.all([names.task(value("service"), value("task")), names.node(value("node"))]);
  return `${time}${task}@${node} | ${said}`;
}

/** Names by id, each asked for once. What is gone meanwhile keeps its id. */
class Names {
  readonly #api: Api;
  readonly #options: LogOptions;
  readonly #known = new Map<string, Promise<string>>();

  constructor(api: Api, options: LogOptions) {
    this.#api = api;
    this.#options = options;
  }

  node(id: string): Promise<string> {
    return this.#once(id, async () => (await this.#api.get<NodeView>(`/nodes/${id}`)).Description.Hostname);
  }

  task(serviceId: string, id: string): Promise<string> {
    return this.#once(id, async () => {
      const { Slot, NodeID } = await this.#api.get<TaskView>(`/tasks/${id}`);
      const name = `${await this.#service(serviceId)}.${Slot || NodeID}`;
      return this.#options.taskIds ? `${name}.${this.#id(id)}` : name;
    });
  }

  #service(id: string): Promise<string> {
    return this.#once(id, async () => (await this.#api.get<ServiceView>(`/services/${id}`)).Spec.Name);
  }

  #once(id: string, ask: () => Promise<string>): Promise<string> {
    const name = this.#known.get(id) ?? (this.#options.resolve ? ask() : Promise.reject()).catch(() => this.#id(id));
    this.#known.set(id, name);
    return name;
  }

  #id(id: string): string {
    return this.#options.trunc ? shortId(id) : id;
  }
}

/** A time as the API takes it: as it is, or so long before now. */
export function timeOf(text: string): string {
  const ago = parseDuration(text);
  if (ago !== undefined) return String((Date.now() - ago / 1e6) / 1000);
  const time = Date.parse(text);
  if (/^\d+(\.\d+)?$/.test(text)) return text;
  if (Number.isNaN(time)) throw new CliError(`Cannot use "${text}": not a time like 2026-01-02T13:23:37 or 42m`);
  return String(time / 1000);
}
