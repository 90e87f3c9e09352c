import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, isIP, type Socket } from "node:net";
import { Fault } from "../../lib/fault.ts";
import { isAllowed } from "./access.ts";
import { Assets } from "./assets.ts";
import { Attempts, windowMs } from "./attempts.ts";
import type { ApiDoor, Obstacle, Visitor } from "./door.ts";
import { addSecurityHeaders, isOurHost } from "./headers.ts";
import { endedSessionCookie, isOthersCall, isOwnCall, sessionCookie, tokenIn } from "./session.ts";
import { endWithSession } from "./session-end.ts";

/** What is served, where, and to whom. */
export interface DashboardOptions {
  /** HOST:PORT; other addresses than loopback only with `tls`. */
  readonly address: string;
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
  /** Names that browsers may call this machine by, besides addresses and localhost. */
  readonly names: readonly string[];
  /** The built page. */
  readonly assets: string;
  readonly api: ApiDoor;
}

/** The running dashboard. */
export interface Dashboard {
  /** Where it is. */
  readonly url: string;
  close(): Promise<void>;
}

/** Bytes of a log-in: a token is far shorter. */
const maxLoginBytes = 4 * 1024;
const maxConnections = 512;
const msPerSecond = 1_000;
/** Milliseconds for a request's headers. */
const headersMs = 10_000;
/** Milliseconds for all of a request; answers may last. */
const requestMs = 60_000;

/** Serves the page, its log-in and its way to the API. Faults: invalid_argument for an address that may not be, unavailable. */
export async function serveDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { host, port } = parseAddress(options.address);
  const { tls } = options;
  if (!tls && !isLoopback(host))
    throw new Fault(
      "invalid_argument",
      `Cannot serve the dashboard on "${options.address}": other addresses than loopback need --tlscert and --tlskey`,
    );
  const site = new Site(options, await Assets.load(options.assets));
  const handle = (request: IncomingMessage, response: ServerResponse): void => void site.handle(request, response);
  const limits = { headersTimeout: headersMs, requestTimeout: requestMs };
  const server = tls
    ? createTlsServer({ ...limits, cert: tls.certificate, key: tls.key, minVersion: "TLSv1.2" }, handle)
    : createServer(limits, handle);
  server.maxConnections = maxConnections;
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const bound = await listening(server, host, port);
  return {
    url: `${tls ? "https" : "http"}://${isIP(host) === 6 ? `[${host}]` : host}:${bound}/`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Answers one request after the other. */
class Site {
  readonly #options: DashboardOptions;
  readonly #assets: Assets;
  readonly #attempts = new Attempts();

  constructor(options: DashboardOptions, assets: Assets) {
    this.#options = options;
    this.#assets = assets;
  }

  get #isSecure(): boolean {
    return this.#options.tls !== undefined;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    addSecurityHeaders(response, this.#isSecure);
    if (!isOurHost(request.headers.host, this.#options.names))
      return refuse(response, 403, "this is no name of the dashboard's");
    const { method = "", url = "/" } = request;
    const [path = "/"] = url.split("?");
    try {
      if (path.startsWith("/api/")) this.#callApi(request, response, url.slice("/api".length));
      else if (path === "/session") await this.#session(request, response);
      else if (method !== "GET" && method !== "HEAD") refuse(response, 405, "only GET is answered here");
      else if (!this.#assets.serve(path, request, response)) refuse(response, 404, "there is no such file");
    } catch (error) {
      if (response.headersSent) response.destroy();
      else this.#unavailable(response, error instanceof Error ? error.message : String(error));
    }
  }

  #callApi(request: IncomingMessage, response: ServerResponse, url: string): void {
    const visitor = this.#visitor(request);
    const refusal = visitor ? whyRefused(request, visitor, url) : notLoggedIn;
    if (!visitor || refusal) {
      refuse(response, ...(refusal ?? notLoggedIn));
      return;
    }
    request.url = url;
    response.setHeader("Cache-Control", "no-store");
    endWithSession(response, visitor.expiresMs, () => this.#visitor(request) !== undefined);
    this.#options.api.answer(request, response, visitor);
  }

  /** Says what kind of node this is as well: the page tells what to do then. */
  #unavailable(response: ServerResponse, message: string): void {
    refuse(response, 503, message, this.#options.api.obstacle());
  }

  /** GET: who has logged in; POST: logs in with the token in the body; DELETE: logs out. */
  async #session(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("Cache-Control", "no-store");
    if (request.method === "GET") return this.#tellSession(request, response);
    if (!isOwnCall(request)) return refuse(response, 403, "this call does not come from the dashboard");
    if (request.method === "DELETE") {
      response.setHeader("Set-Cookie", endedSessionCookie(this.#isSecure));
      response.writeHead(204).end();
      return;
    }
    if (request.method !== "POST") return refuse(response, 405, "a session is only asked for, begun and ended");
    const token = (await readText(request, maxLoginBytes))?.trim();
    if (token === undefined) return refuse(response, 413, "this is longer than a token");
    if (!this.#mayTry(request, token)) return refuseMoreAttempts(response);
    const visitor = this.#check(request, token);
    if (!visitor) return refuse(response, 401, "this token is not, or no longer, valid");
    response.setHeader("Set-Cookie", sessionCookie(token, visitor, this.#isSecure));
    answerVisitor(response, visitor);
  }

  #tellSession(request: IncomingMessage, response: ServerResponse): void {
    if (this.#options.api.obstacle()) {
      this.#unavailable(response, "this node cannot show a swarm");
      return;
    }
    const visitor = this.#visitor(request);
    if (visitor) answerVisitor(response, visitor);
    else refuse(response, ...notLoggedIn);
  }

  #visitor(request: IncomingMessage): Visitor | undefined {
    const token = tokenIn(request);
    return token !== undefined && this.#mayTry(request, token) ? this.#check(request, token) : undefined;
  }

  #mayTry({ socket }: IncomingMessage, token: string): boolean {
    return this.#attempts.mayTry(socket.remoteAddress ?? "", token, Date.now());
  }

  #check({ socket }: IncomingMessage, token: string): Visitor | undefined {
    const visitor = this.#options.api.check(token);
    this.#attempts.note(socket.remoteAddress ?? "", token, visitor !== undefined, Date.now());
    return visitor;
  }
}

type Refusal = readonly [status: number, message: string];

const notLoggedIn: Refusal = [401, "log in first"];

/** Why a call of the API is not made for this visitor; undefined when it is. */
function whyRefused(request: IncomingMessage, { role }: Visitor, url: string): Refusal | undefined {
  const { method = "" } = request;
  if (isOthersCall(request) || (method !== "GET" && !isOwnCall(request)))
    return [403, "this call does not come from the dashboard"];
  const [path = "", query = ""] = url.split(/\?(.*)/s);
  const call = { method, path, query: new URLSearchParams(query) };
  if (isAllowed(role, call)) return undefined;
  return [
    403,
    isAllowed("operator", call) ? "this token only allows to look" : "the dashboard does not make this call",
  ];
}

function answerVisitor(response: ServerResponse, visitor: Visitor): void {
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(visitor));
}

function refuseMoreAttempts(response: ServerResponse): void {
  response.setHeader("Retry-After", windowMs / msPerSecond);
  refuse(response, 429, "too many tokens that are not valid came from your address: wait a minute");
}

function refuse(response: ServerResponse, status: number, message: string, obstacle?: Obstacle): void {
  response.setHeader("Connection", "close");
  response.setHeader("Cache-Control", "no-store");
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify({ message, obstacle }));
}

/** Undefined when it is longer than `limit` bytes. What is left of it then is not read: the connection ends with the answer. */
async function readText(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop early must not end the connection before the answer is written.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const [, host = "", port = ""] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  if (port === "" || Number(port) > 65_535)
    throw new Fault("invalid_argument", `Cannot serve the dashboard on "${address}": it must be HOST:PORT`);
  return { host: host || "127.0.0.1", port: Number(port) };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", cause => {
      const place = `${host}:${port}`;
      reject(new Fault("unavailable", `Cannot serve the dashboard on "${place}": ${cause.message}`, { cause }));
    });
    server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port));
  });
}
