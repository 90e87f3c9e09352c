import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { HttpError } from "../../../docker-api/errors.ts";
import { commonHeaders, reply, replyError } from "../../../docker-api/reply.ts";
import { newestVersion, splitVersion } from "../../../docker-api/versions.ts";
import { onAbort } from "../../../lib/bell.ts";
import { Fault } from "../../../lib/fault.ts";
import type { Engine, EngineVersion } from "../../../ports/engine.ts";
import { answerEngine, type EmbeddedEngineOptions, type EngineRequest } from "./routes.ts";

/** The engine's part of the Docker API on a node that has no engine: what the embedded runtime runs and has. */
export class EmbeddedEngine implements Engine {
  readonly #options: EmbeddedEngineOptions;

  constructor(options: EmbeddedEngineOptions) {
    this.#options = options;
  }

  async version(): Promise<EngineVersion> {
    return { present: false, api: newestVersion.text, engine: this.#options.machine.version };
  }

  /** Faults not_found for what is not there, unavailable for what only an engine has. */
  async getJson(path: string): Promise<unknown> {
    const request = requestOf("GET", path, new AbortController().signal);
    try {
      const answer = await answerEngine(this.#options, request);
      if (answer.kind === "json") return answer.value;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      throw new Fault(error.status === 404 ? "not_found" : "unavailable", error.message, { cause: error });
    }
    throw new Fault("unavailable", `${path} is not answered in JSON`);
  }

  /** There is nothing of an engine's to be removed. */
  async remove(path: string): Promise<void> {
    throw new Fault("not_found", `No such object: ${path}`);
  }

  handThrough(request: IncomingMessage, response: ServerResponse): void {
    const { version } = splitVersion((request.url ?? "/").split("?")[0] ?? "/");
    const leaving = new AbortController();
    response.once("close", () => leaving.abort());
    for (const [name, value] of Object.entries(commonHeaders(this.#options.machine.version)))
      response.setHeader(name, value);
    // Whatever body there is belongs to a request that is not served: it must not hold up the connection.
    request.resume();
    const asked = requestOf(request.method ?? "GET", request.url ?? "/", leaving.signal);
    answerEngine(this.#options, asked)
      .then(answer => reply(answer, response, leaving.signal))
      .catch((error: unknown) => replyError(error, request, response, version));
  }

  /** Attaching and executing: nothing of the embedded runtime's. */
  handThroughUpgrade(request: IncomingMessage, socket: Duplex): void {
    const { path } = requestOf(request.method ?? "POST", request.url ?? "/", new AbortController().signal);
    const reason = "This node runs the embedded runtime, which has no Docker Engine";
    const body = `${JSON.stringify({ message: `${reason}: it cannot answer ${request.method} ${path}` })}\n`;
    const head = ["HTTP/1.1 503 Service Unavailable", "Content-Type: application/json", "Connection: close"];
    socket.on("error", () => socket.destroy());
    socket.end(`${[...head, `Content-Length: ${Buffer.byteLength(body)}`].join("\r\n")}\r\n\r\n${body}`);
  }

  /** Nothing happens in an engine that is not there: ends when `signal` aborts. */
  async *events(_query: URLSearchParams, signal: AbortSignal): AsyncGenerator<Record<string, unknown>, void> {
    await new Promise<void>(resolve => onAbort(signal, resolve));
    yield* [];
  }
}

function requestOf(method: string, url: string, signal: AbortSignal): EngineRequest {
  const [path = ""] = url.split("?", 1);
  return { method, path: splitVersion(path).path, query: new URLSearchParams(url.slice(path.length + 1)), signal };
}
