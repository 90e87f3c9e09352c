import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { Fault } from "../../lib/fault.ts";
import type { Clock } from "../../ports/clock.ts";
import { negotiateApi } from "./api-version.ts";
import { connectOptions, type Endpoint } from "./endpoint.ts";
import { errorText, faultOfConnection, faultOfStatus } from "./engine-fault.ts";
import type { EngineVersionAnswer } from "./types.ts";

/** How long an engine may take to begin its answer, in milliseconds, where a call does not say otherwise. */
const answerTimeoutMs = 120_000;
/** How long an engine may take to say its version, in milliseconds: one that hangs is known by that. */
const versionTimeoutMs = 10_000;
/** Longest JSON answer that is read, in bytes: 10,000 containers' list is about 10 MB. */
const answerLimitBytes = 64 << 20;
/** Idle connections kept to an engine. */
const idleConnections = 8;

export interface CallOptions {
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: OutgoingHttpHeaders;
  /** Milliseconds until the answer begins; for `json` until it is complete. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Speaks HTTP to one Docker Engine. Calls go to the API version that both know, agreed at the first call and again
 * after the engine was away (it may have been upgraded). Faults: not_found 404, already_exists and failed_precondition
 * 409, invalid_argument 400, unavailable when it cannot be reached or does not answer in time,
 * unknown 5xx; each with the engine's own text.
 */
export class EngineClient {
  readonly endpoint: Endpoint;
  readonly #clock: Clock;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: idleConnections });
  #version: Promise<EngineVersionAnswer> | undefined;

  constructor(endpoint: Endpoint, clock: Clock) {
    this.endpoint = endpoint;
    this.#clock = clock;
  }

  /** What the engine says of itself; remembered until a call finds it away. */
  version(): Promise<EngineVersionAnswer> {
    this.#version ??= this.#askVersion().catch((error: unknown) => {
      this.#version = undefined;
      throw error;
    });
    return this.#version;
  }

  /** A call with a JSON answer; undefined where the engine answers without a body (204, 304). */
  async json(method: string, path: string, options: CallOptions = {}): Promise<unknown> {
    const response = await this.stream(method, path, options);
    const text = await this.#readText(response, options.timeoutMs ?? answerTimeoutMs);
    if (text.trim() === "") return undefined;
    return this.#parse(text);
  }

  /** A call whose answer is a stream, once its head has come. Error statuses are Faults; 304 is none. */
  async stream(method: string, path: string, options: CallOptions = {}): Promise<IncomingMessage> {
    const { ApiVersion, MinAPIVersion } = await this.version();
    const search = options.query ? `?${new URLSearchParams(options.query)}` : "";
    return this.#send(method, `/v${negotiateApi(ApiVersion, MinAPIVersion ?? "")}${path}${search}`, options);
  }

  /** Lets go of idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #askVersion(): Promise<EngineVersionAnswer> {
    const response = await this.#send("GET", "/version", { timeoutMs: versionTimeoutMs });
    const answer = this.#parse(await this.#readText(response, versionTimeoutMs)) as EngineVersionAnswer;
    negotiateApi(answer.ApiVersion, answer.MinAPIVersion ?? "");
    return answer;
  }

  async #send(method: string, path: string, options: CallOptions): Promise<IncomingMessage> {
    const response = await this.#exchange(method, path, options).catch((error: unknown) => {
      const fault = faultOfConnection(this.endpoint.text, error);
      if (fault.code === "unavailable") this.#version = undefined;
      throw fault;
    });
    const status = response.statusCode ?? 0;
    if (status < 400) return response;
    throw faultOfStatus(status, errorText(status, await this.#readText(response, answerTimeoutMs)));
  }

  #exchange(method: string, path: string, options: CallOptions): Promise<IncomingMessage> {
    const payload = options.body === undefined ? undefined : JSON.stringify(options.body);
    const timeoutMs = options.timeoutMs ?? answerTimeoutMs;
    return new Promise((resolve, reject) => {
      const outgoing = request({
        ...connectOptions(this.endpoint),
        agent: this.#agent,
        method,
        path,
        ...(options.signal ? { signal: options.signal } : {}),
        headers: {
          Host: "docker",
          ...options.headers,
          ...(payload === undefined
            ? {}
            : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(payload) }),
        },
      });
      const timer = this.#clock.after(timeoutMs, () => outgoing.destroy(lateFault(this.endpoint, timeoutMs)));
      outgoing.on("response", response => {
        timer.cancel();
        resolve(response);
      });
      outgoing.on("error", error => {
        timer.cancel();
        reject(options.signal?.aborted ? new Fault("cancelled", "the call was cancelled", { cause: error }) : error);
      });
      outgoing.end(payload);
    });
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw faultOfConnection(
        this.endpoint.text,
        new Error("what answers there is no Docker Engine", { cause: error }),
      );
    }
  }

  #readText(response: IncomingMessage, timeoutMs: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      let length = 0;
      const timer = this.#clock.after(timeoutMs, () => response.destroy(lateFault(this.endpoint, timeoutMs)));
      response.on("data", (part: Buffer) => {
        parts.push(part);
        length += part.length;
        if (length > answerLimitBytes) response.destroy(tooLongFault());
      });
      response.on("end", () => resolve(Buffer.concat(parts).toString()));
      response.on("error", error => reject(faultOfConnection(this.endpoint.text, error)));
      response.on("close", () => {
        timer.cancel();
        if (!response.complete) reject(faultOfConnection(this.endpoint.text, "it broke off its answer"));
      });
    });
  }
}

function lateFault(endpoint: Endpoint, timeoutMs: number): Fault {
  return new Fault("unavailable", `The Docker Engine at ${endpoint.text} did not answer within ${timeoutMs / 1000} s`);
}

function tooLongFault(): Fault {
  return new Fault("resource_exhausted", `The Docker Engine's answer is longer than ${answerLimitBytes >> 20} MiB`);
}
