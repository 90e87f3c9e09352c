import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { asFault } from "../../lib/fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Engine, EngineVersion } from "../../ports/engine.ts";
import { newestApi, pathForEngine } from "./api-version.ts";
import { EngineClient } from "./client.ts";
import { parseEndpoint } from "./endpoint.ts";
import { handThrough } from "./hand-through.ts";
import { jsonLines } from "./json-lines.ts";
import { upgradeThrough } from "./upgrade-through.ts";

/** The node's own Docker Engine, for everything that is not the swarm's. */
export class DockerEngine implements Engine {
  readonly #client: EngineClient;

  /** `endpoint` as `-H` takes it: `unix:///var/run/docker.sock`, `tcp://host:port`. */
  constructor(endpoint: string, clock: Clock) {
    this.#client = new EngineClient(parseEndpoint(endpoint), clock);
  }

  async version(): Promise<EngineVersion> {
    const answer = await this.#client.version();
    return { present: true, api: answer.ApiVersion, engine: answer.Version };
  }

  getJson(path: string): Promise<unknown> {
    return this.#client.json("GET", path);
  }

  async remove(path: string): Promise<void> {
    await this.#client.json("DELETE", path);
  }

  handThrough(request: IncomingMessage, response: ServerResponse, body?: Uint8Array): void {
    void this.#pathFor(request).then(path => handThrough(this.#client.endpoint, path, request, response, body));
  }

  handThroughUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until the engine is known to be there the client may leave.
    const ignore = (): void => {};
    socket.on("error", ignore);
    void this.#pathFor(request).then(path => {
      socket.off("error", ignore);
      upgradeThrough(this.#client.endpoint, path, request, socket, head);
    });
  }

  async *events(query: URLSearchParams, signal: AbortSignal): AsyncGenerator<Record<string, unknown>, void> {
    if (signal.aborted) return;
    try {
      const stream = await this.#client.stream("GET", "/events", { query: Object.fromEntries(query), signal });
      for await (const event of jsonLines(stream)) {
        yield event as Record<string, unknown>;
        if (signal.aborted) return;
      }
    } catch (error) {
      if (!signal.aborted) throw asFault(error);
    }
  }

  /** Lets go of idle connections; what is being handed through goes on. */
  close(): void {
    this.#client.close();
  }

  /** While the engine is away its version does not matter: the request is going to fail with the reason. */
  async #pathFor(request: IncomingMessage): Promise<string> {
    const path = request.url ?? "/";
    const newest = await this.#client.version().then(
      answer => answer.ApiVersion,
      () => newestApi,
    );
    return pathForEngine(path, newest);
  }
}
