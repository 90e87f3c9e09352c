import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Fault } from "../lib/fault.ts";
import type { Meters } from "../ports/meters.ts";
import type { Headers } from "./answer.ts";
import { onAnswerBeginning } from "./answer-beginning.ts";
import type { AuditedCall, Auditor } from "./audit.ts";
import type { AuditedCaller } from "./audit-record.ts";
import type { Doors, RouteContext } from "./context.ts";
import { describeError, HttpError, pageNotFound } from "./errors.ts";
import { requireManager } from "./manager.ts";
import { encodeJson, reply, replyError } from "./reply.ts";
import { RequestBody } from "./request.ts";
import { isSwarmPath, type RouteMatch, type RouteTable } from "./router.ts";
import { withRpcTexts } from "./rpc.ts";
import { type ApiVersion, checkVersion, splitVersion } from "./versions.ts";

export interface DispatcherOptions {
  readonly doors: Doors;
  readonly routes: RouteTable;
  readonly headers: Headers;
  /** Aborts when the server stops: ends streams that would go on for ever. */
  readonly stopping: AbortSignal;
  readonly auditor: Auditor;
  readonly meters: Meters;
}

export type Guard = (request: IncomingMessage) => void;

/** What a request asks for. */
export interface Target {
  readonly version: ApiVersion;
  /** Without the version. */
  readonly path: string;
  readonly query: URLSearchParams;
}

interface Call {
  readonly match: RouteMatch | undefined;
  readonly audited: AuditedCall | undefined;
  readonly signal: AbortSignal;
}

/** The status of a connection that goes on as something else. What the engine says of it is between it and the client. */
const switchingProtocols = 101;

/** Why a request's signal is aborted. One for all: an abort without a reason makes an error, with its stack, each time. */
const requestOver = new Fault("cancelled", "the request is over");

/** Takes requests to their routes, or through to the engine. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #running = new Set<AbortController>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    options.stopping.addEventListener("abort", () => {
      for (const request of this.#running) request.abort(requestOver);
    });
  }

  /**
   * Answers one request, whatever happens. `guard` throws for requests this listener does not take; `caller` is who
   * asks, where the connection does not tell.
   */
  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    guard: Guard,
    caller?: AuditedCaller,
  ): Promise<void> {
    const target = targetOf(request);
    const match = this.#options.routes.find(request.method ?? "", target.path);
    const audited = this.#options.auditor.begin(request, target, match, caller);
    const signal = this.#signalOf(response);
    this.#measure(request, response, match);
    response.on("close", () => audited?.end(response.headersSent ? response.statusCode : undefined));
    try {
      guard(request);
      await this.#answer(request, response, target, { match, audited, signal });
    } catch (error) {
      audited?.failed(describeError(error).message);
      if (signal.aborted && response.headersSent) response.destroy();
      else {
        this.#report(error, request);
        this.#addHeaders(response);
        replyError(error, request, response, target.version);
      }
    }
  }

  /** Of an answer that goes on and on only its beginning is waited for. */
  #measure({ method = "" }: IncomingMessage, response: ServerResponse, match: RouteMatch | undefined): void {
    const { doors, meters } = this.#options;
    const began = doors.clock.monotonic();
    const route = match?.route.path.split("/")[1] ?? "engine";
    onAnswerBeginning(response, () =>
      meters.apiAnswered({ method, route, status: response.statusCode }, doors.clock.monotonic() - began),
    );
  }

  /** An upgraded (hijacked) connection: nothing of the swarm's is one. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, guard: Guard): void {
    const target = targetOf(request);
    const match = this.#options.routes.find(request.method ?? "", target.path);
    const audited = this.#options.auditor.begin(request, target, match);
    try {
      guard(request);
      if (match || isSwarmPath(target.path)) {
        throw new HttpError(400, `${target.path} cannot be upgraded to another protocol`);
      }
      checkVersion(target.version);
      this.#options.doors.engine.handThroughUpgrade(request, socket, head);
      audited?.end(switchingProtocols);
    } catch (error) {
      const { status, message } = describeError(error);
      audited?.failed(message);
      audited?.end(status);
      refuseUpgrade(status, message, socket);
    }
  }

  /** Aborted when the answer is over, and when the server stops. (`AbortSignal.any` costs several times as much.) */
  #signalOf(response: ServerResponse): AbortSignal {
    const running = new AbortController();
    this.#running.add(running);
    response.on("close", () => {
      this.#running.delete(running);
      running.abort(requestOver);
    });
    if (this.#options.stopping.aborted) running.abort(requestOver);
    return running.signal;
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    { match, audited, signal }: Call,
  ): Promise<void> {
    if (!match && isSwarmPath(target.path)) throw pageNotFound();
    checkVersion(target.version);
    if (!match) return this.#options.doors.engine.handThrough(request, response);
    const body = new RequestBody(request, this.#options.doors.clock);
    const context = this.#context(request, response, target, { params: match.params, body, signal });
    audited?.about(() => body.name);
    const answer = await match.route.handler(context);
    audited?.made(answer);
    if (answer.kind !== "handed-through") this.#addHeaders(response);
    await reply(answer, response, signal);
  }

  #context(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    { params, body, signal }: Pick<RouteContext, "params" | "signal"> & { readonly body: RequestBody },
  ): RouteContext {
    const { doors } = this.#options;
    return {
      ...doors,
      params,
      query: target.query,
      version: target.version,
      signal,
      request,
      control: () => {
        requireManager(doors.backend.status());
        return withRpcTexts(doors.backend.control());
      },
      parse: schema => body.parse(schema),
      bytes: () => body.bytes(),
      handThrough: async replaced => {
        doors.engine.handThrough(request, response, replaced ?? (body.taken ? await body.bytes() : undefined));
        return { kind: "handed-through" };
      },
    };
  }

  #addHeaders(response: ServerResponse): void {
    if (response.headersSent) return;
    for (const [name, value] of Object.entries(this.#options.headers)) response.setHeader(name, value);
  }

  #report(error: unknown, request: IncomingMessage): void {
    const { status, message } = describeError(error);
    const fields = { method: request.method, path: request.url?.split("?")[0], status, error: message };
    // The others tell of a state that the client is to change: no manager, not there yet, locked.
    if (status !== 500) this.#options.doors.log.debug("The Docker API refused a request", fields);
    else this.#options.doors.log.warn("The Docker API failed a request", fields);
  }
}

function targetOf(request: IncomingMessage): Target {
  const url = request.url ?? "/";
  const at = url.indexOf("?");
  const query = new URLSearchParams(at < 0 ? "" : url.slice(at + 1));
  return { ...splitVersion(at < 0 ? url : url.slice(0, at)), query };
}

function refuseUpgrade(status: number, message: string, socket: Duplex): void {
  const body = encodeJson({ message });
  const head = `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\nConnection: close\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
