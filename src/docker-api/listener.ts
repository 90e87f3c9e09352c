import { chmod, chown, lstat, mkdir, unlink } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type ListenOptions, type Socket } from "node:net";
import { dirname } from "node:path";
import { Fault } from "../lib/fault.ts";
import { checkSocketPath } from "../lib/unix-socket.ts";
import type { Dispatcher, Guard } from "./dispatcher.ts";
import { certificateNames, refuseBrowsers } from "./host-check.ts";
import { defaultLimits, type ListenerLimits } from "./listener-limits.ts";

/** Where the API is served. */
export type HostListener =
  | {
      readonly kind: "unix";
      readonly path: string;
      /** Group whose members may use the socket, besides the daemon's own user. */
      readonly groupId?: number;
    }
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      readonly security: TcpSecurity;
      /** Names that clients may call this machine by, besides `host` and those in its certificate. */
      readonly names?: readonly string[];
    };

/** Over TCP clients show a certificate, unless somebody has asked for "insecure": who reaches the API is root here. */
export type TcpSecurity =
  | { readonly kind: "insecure" }
  /** PEM texts. Only clients with a certificate from `ca` are answered (docker's --tlsverify). */
  | { readonly kind: "mutual-tls"; readonly ca: string; readonly certificate: string; readonly key: string };

/** The daemon's user and the group may use the socket. */
const socketMode = 0o660;

/** Serves the API at one place; resolves once it accepts connections. Fault when the place is taken or not allowed. */
export async function listen(
  host: HostListener,
  dispatcher: Dispatcher,
  limits: ListenerLimits = defaultLimits,
): Promise<OpenListener> {
  const guard = guardFor(host);
  const server = createFor(host, limits, (request, response) => {
    // Until it has all been taken, which sets the time for being idle.
    response.once("prefinish", () => response.setTimeout(limits.stalledMs, () => response.destroy()));
    void dispatcher.handle(request, response, guard);
  });
  server.maxConnections = limits.connections;
  server.on("upgrade", (request, socket, head) => dispatcher.upgrade(request, socket, head, guard));
  const listener = new OpenListener(server);
  if (host.kind === "tcp") {
    await start(server, { host: host.host, port: host.port });
    return listener;
  }
  checkSocketPath(host.path);
  await mkdir(dirname(host.path), { recursive: true });
  await removeStaleSocket(host.path);
  await start(server, { path: host.path });
  if (host.groupId !== undefined) await chown(host.path, -1, host.groupId);
  await chmod(host.path, socketMode);
  return listener;
}

export class OpenListener {
  readonly #server: Server;
  /** Also those that were upgraded, which node:http forgets. */
  readonly #sockets = new Set<Socket>();

  constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /** HOST:PORT or path that is really listened on. */
  get address(): string {
    const address: AddressInfo | string | null = this.#server.address();
    if (address === null || typeof address === "string") return address ?? "";
    return `${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
  }

  /** Takes no more requests and cuts the connections there are. */
  close(): Promise<void> {
    return new Promise(resolve => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}

function createFor(host: HostListener, limits: ListenerLimits, handle: RequestListener): Server {
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    connectionsCheckingInterval: limits.checkMs,
    keepAliveTimeout: limits.idleMs,
    requestTimeout: 0,
  };
  if (host.kind === "unix" || host.security.kind === "insecure") return createServer(options, handle);
  const { ca, certificate, key } = host.security;
  const tls = {
    ca,
    cert: certificate,
    key,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    handshakeTimeout: limits.handshakeMs,
  } as const;
  return createTlsServer({ ...options, ...tls }, handle);
}

/** Only this machine's programs reach a unix socket. */
function guardFor(host: HostListener): Guard {
  if (host.kind === "unix") return () => {};
  const { security } = host;
  const certified = security.kind === "mutual-tls" ? certificateNames(security.certificate) : [];
  const names = [host.host.toLowerCase(), ...(host.names ?? []).map(name => name.toLowerCase()), ...certified];
  return request => refuseBrowsers(request, names);
}

function start(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", error => reject(cannotListen(where, error)));
    server.listen(where, () => resolve());
  });
}

function cannotListen(where: ListenOptions, error: Error): Fault {
  const place = where.path ?? `${where.host}:${where.port}`;
  return new Fault("unavailable", `Cannot listen on ${JSON.stringify(place)}: ${error.message}`, { cause: error });
}

/** A daemon that was killed leaves its socket behind. What is no socket, or answers, is left alone: listening fails. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() && (await probe(path)) === "ECONNREFUSED") await unlink(path);
}

/** "" when somebody answers, else the system's code for why not. */
function probe(path: string): Promise<string> {
  return new Promise(resolve => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve("");
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown"));
  });
}
