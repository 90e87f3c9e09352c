import { create } from "@bufbuild/protobuf";
import { readingOf } from "../../../agent/log-options.ts";
import { type Answer, empty, json, stream } from "../../../docker-api/answer.ts";
import { HttpError } from "../../../docker-api/errors.ts";
import { type LineStyle, logLine } from "../../../docker-api/logs/frames.ts";
import { logOptions } from "../../../docker-api/logs/options.ts";
import { flag } from "../../../docker-api/query.ts";
import type { Machine } from "../../../docker-api/system/machine.ts";
import { nanosToTimestamp } from "../../../model/time.ts";
import type { Clock } from "../../../ports/clock.ts";
import { LogMessageSchema, LogStream } from "../../../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import type { EmbeddedRuntime } from "../runtime.ts";
import { signalNumber } from "../signal.ts";
import { containerDetails, containerSummary } from "./container-json.ts";
import { containerOf, findTask, selectContainers } from "./containers.ts";
import { distribution, imageDetails, imageList, lookUpImage } from "./image-json.ts";
import { engineInfo } from "./info.ts";

export interface EmbeddedEngineOptions {
  readonly machine: Machine;
  readonly clock: Clock;
  /** The runtime of the swarm this node is in; undefined while it is in none. */
  readonly runtime: () => EmbeddedRuntime | undefined;
}

export interface EngineRequest {
  readonly method: string;
  /** Without version and query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
}

type Handler = (options: EmbeddedEngineOptions, request: EngineRequest, name: string) => Answer | Promise<Answer>;

interface EngineRoute {
  readonly method: string;
  /** Its one group, where it has one, is the object's name. */
  readonly path: RegExp;
  readonly handler: Handler;
}

/** What is there of an engine's API without an engine: looking at tasks and built-in images, and ending tasks. */
const routes: readonly EngineRoute[] = [
  { method: "GET", path: /^\/info$/, handler: info },
  { method: "GET", path: /^\/containers\/json$/, handler: listContainers },
  { method: "GET", path: /^\/containers\/([^/]+)\/json$/, handler: inspectContainer },
  { method: "GET", path: /^\/containers\/([^/]+)\/logs$/, handler: containerLogs },
  { method: "POST", path: /^\/containers\/([^/]+)\/kill$/, handler: killContainer },
  { method: "POST", path: /^\/containers\/([^/]+)\/stop$/, handler: stopContainer },
  { method: "DELETE", path: /^\/containers\/([^/]+)$/, handler: removeContainer },
  { method: "GET", path: /^\/images\/json$/, handler: () => json(imageList()) },
  { method: "GET", path: /^\/images\/(.+)\/json$/, handler: inspectImage },
  { method: "GET", path: /^\/distribution\/(.+)\/json$/, handler: inspectDistribution },
  { method: "GET", path: /^\/networks$/, handler: () => json([]) },
  { method: "GET", path: /^\/networks\/([^/]+)$/, handler: noNetwork },
  { method: "GET", path: /^\/volumes$/, handler: () => json({ Volumes: [], Warnings: null }) },
  { method: "GET", path: /^\/volumes\/([^/]+)$/, handler: noVolume },
  { method: "GET", path: /^\/system\/df$/, handler: diskUsage },
];

/** Answers a request for the engine. 503 with the reason for what only an engine could do. */
export async function answerEngine(options: EmbeddedEngineOptions, request: EngineRequest): Promise<Answer> {
  for (const { method, path, handler } of routes) {
    const match = request.method === method ? path.exec(request.path) : null;
    if (match) return handler(options, request, decoded(match[1] ?? ""));
  }
  throw noEngine(request);
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new HttpError(400, `invalid URL escape in ${JSON.stringify(name)}`);
  }
}

function noEngine({ method, path }: EngineRequest): HttpError {
  const reason = "This node runs the embedded runtime, which has no Docker Engine";
  return new HttpError(503, `${reason}: it cannot answer ${method} ${path}`);
}

function info({ machine, clock, runtime }: EmbeddedEngineOptions): Answer {
  return json(engineInfo(machine, (runtime()?.tasks() ?? []).map(containerOf), clock.now()));
}

function listContainers({ clock, runtime }: EmbeddedEngineOptions, { query }: EngineRequest): Answer {
  const containers = (runtime()?.tasks() ?? []).map(containerOf);
  return json(selectContainers(containers, query).map(container => containerSummary(container, clock.now())));
}

function inspectContainer({ runtime }: EmbeddedEngineOptions, _request: EngineRequest, name: string): Answer {
  return json(containerDetails(containerOf(findTask(runtime(), name))));
}

function containerLogs({ runtime }: EmbeddedEngineOptions, request: EngineRequest, name: string): Answer {
  const { query, signal } = request;
  const { options } = readingOf(logOptions(query));
  const task = findTask(runtime(), name);
  const style: LineStyle = { framed: true, timestamps: flag(query, "timestamps"), details: false };
  async function* lines(): AsyncGenerator<Uint8Array> {
    for await (const { stream: name, timestampNs, data } of task.log.read({ ...options, signal })) {
      const number = name === "stdout" ? LogStream.STDOUT : LogStream.STDERR;
      const message = create(LogMessageSchema, { stream: number, timestamp: nanosToTimestamp(timestampNs), data });
      const line = logLine(message, style);
      if (line) yield line;
    }
  }
  return stream("application/vnd.docker.multiplexed-stream", lines());
}

function killContainer({ runtime }: EmbeddedEngineOptions, { query }: EngineRequest, name: string): Answer {
  const task = findTask(runtime(), name);
  if (!task.isAlive) throw new HttpError(409, `Cannot kill container: ${name}: container is not running`);
  task.signal(signalNumber(query.get("signal") || "SIGKILL"));
  return empty(204);
}

async function stopContainer(
  { runtime }: EmbeddedEngineOptions,
  _request: EngineRequest,
  name: string,
): Promise<Answer> {
  const task = findTask(runtime(), name);
  if (!task.isAlive) return empty(304);
  await task.stop();
  return empty(204);
}

async function removeContainer(
  options: EmbeddedEngineOptions,
  { query }: EngineRequest,
  name: string,
): Promise<Answer> {
  const runtime = options.runtime();
  const task = findTask(runtime, name);
  if (task.isAlive && !flag(query, "force")) {
    const advice = "Stop the container before attempting removal or force remove";
    throw new HttpError(409, `You cannot remove a running container ${task.plan.containerId}. ${advice}`);
  }
  await runtime?.remove(task.plan.taskId);
  return empty(204);
}

function inspectImage({ machine }: EmbeddedEngineOptions, _request: EngineRequest, name: string): Answer {
  const image = lookUpImage(name);
  if (!image)
    throw new HttpError(404, `no such image: ${name}: No such image: ${/[:@]/.test(name) ? name : `${name}:latest`}`);
  return json(imageDetails(image, machine.architecture));
}

function inspectDistribution(_options: EmbeddedEngineOptions, request: EngineRequest, name: string): Answer {
  const image = lookUpImage(name);
  if (!image || image.directory !== undefined) throw noEngine(request);
  return json(distribution(image));
}

function noNetwork(_options: EmbeddedEngineOptions, _request: EngineRequest, name: string): Answer {
  throw new HttpError(404, `network ${name} not found`);
}

function noVolume(_options: EmbeddedEngineOptions, _request: EngineRequest, name: string): Answer {
  throw new HttpError(404, `get ${name}: no such volume`);
}

function diskUsage({ clock, runtime }: EmbeddedEngineOptions): Answer {
  const containers = (runtime()?.tasks() ?? []).map(task => containerSummary(containerOf(task), clock.now()));
  return json({ LayersSize: 0, Images: imageList(), Containers: containers, Volumes: [], BuildCache: [] });
}
