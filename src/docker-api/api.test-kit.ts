import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../platform/clock.ts";
import { silentLogger } from "../ports/log.ts";
import { FakeBackend, FakeEngine } from "./fakes.test-kit.ts";
import type { HostListener } from "./listener.ts";
import { type DockerApi, type DockerApiOptions, startDockerApi } from "./server.ts";
import type { Machine } from "./system/machine.ts";

export const testMachine: Machine = {
  version: "0.1.0",
  runtimeKind: "docker",
  dataRoot: "/var/lib/shoal",
  hostname: "vm",
  architecture: "amd64",
  kernelVersion: "6.1.0",
  operatingSystem: "Debian GNU/Linux 12 (bookworm)",
  cpus: 2,
  memoryBytes: 8_000_000_000,
};

export interface TestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body parsed, undefined when it is no JSON. */
  readonly json: unknown;
}

/** The real server on a socket in a directory of its own, with a backend and an engine that are fakes. */
export class TestApi implements AsyncDisposable {
  readonly backend: FakeBackend;
  readonly engine: FakeEngine;
  readonly clock = systemClock;
  readonly socketPath: string;
  readonly api: DockerApi;
  readonly #directory: string;

  private constructor(directory: string, api: DockerApi, backend: FakeBackend, engine: FakeEngine) {
    this.#directory = directory;
    this.socketPath = join(directory, "shoal.sock");
    this.api = api;
    this.backend = backend;
    this.engine = engine;
  }

  static async start(
    hosts: readonly HostListener[] = [],
    machine: Machine = testMachine,
    more: Pick<DockerApiOptions, "audit" | "limits" | "meters" | "containerNetworks"> = {},
  ): Promise<TestApi> {
    const directory = await mkdtemp(join(tmpdir(), "shoal-api-"));
    const backend = new FakeBackend();
    const engine = new FakeEngine();
    const unix = { kind: "unix", path: join(directory, "shoal.sock") } as const;
    const doors = { backend, engine, clock: systemClock, log: silentLogger };
    const api = await startDockerApi({ ...doors, ...more, hosts: [unix, ...hosts], machine });
    return new TestApi(directory, api, backend, engine);
  }

  /** One request on a connection of its own. `body` is sent as JSON unless it is text. */
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<TestAnswer> {
    const response = await this.open(method, path, body, headers);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    return { status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) };
  }

  /** The answer as it begins, for streams. Destroy it when done. */
  open(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const type =
        text === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) };
      const options = { socketPath: this.socketPath, method, path, headers: { ...type, ...headers }, agent: false };
      const request = httpRequest(options, resolve);
      request.on("error", reject);
      request.end(text);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The next JSON lines of a stream. */
export async function nextLines(response: IncomingMessage, count: number): Promise<unknown[]> {
  const lines: unknown[] = [];
  let rest = "";
  for await (const chunk of response.iterator({ destroyOnReturn: false })) {
    rest += String(chunk);
    const whole = rest.split("\n");
    rest = whole.pop() ?? "";
    lines.push(...whole.map(line => JSON.parse(line) as unknown));
    if (lines.length >= count) break;
  }
  return lines;
}
