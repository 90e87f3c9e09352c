import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Fault } from "../../lib/fault.ts";
import { Metrics } from "./metrics.ts";
import type { MeasuredNode } from "./sample.ts";

/** Where metrics are served when only a port is given: they are nobody's business who is not on this machine. */
const defaultHost = "127.0.0.1";
const path = "/metrics";
/** Milliseconds for a request to come in. */
const requestTimeoutMs = 10_000;
/** Connections at a time; more are refused. */
const maxConnections = 32;

export interface MetricsServer {
  /** HOST:PORT that is really listened on. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Serves `GET /metrics` without authentication. `address` is HOST:PORT, or :PORT on this machine alone; a port of 0 takes a
 * free one. Faults: invalid_argument for an address that is none, unavailable for one that cannot be listened on.
 */
export async function serveMetrics(
  address: string,
  node: MeasuredNode,
  metrics = new Metrics(),
): Promise<MetricsServer> {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(address);
  if (!match) throw new Fault("invalid_argument", `Cannot serve metrics on "${address}": it must be HOST:PORT`);
  const [, v6, host, port] = match;
  const server = createServer((request, response) => void answer(metrics, node, request, response));
  server.requestTimeout = requestTimeoutMs;
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", cause =>
      reject(new Fault("unavailable", `Cannot serve metrics on "${address}": ${cause.message}`, { cause })),
    );
    server.listen({ host: (v6 ?? host) || defaultHost, port: Number(port) }, resolve);
  });
  const { address: bound, port: boundPort, family } = server.address() as AddressInfo;
  return {
    address: family === "IPv6" ? `[${bound}]:${boundPort}` : `${bound}:${boundPort}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  metrics: Metrics,
  node: MeasuredNode,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.url?.split("?")[0] !== path) return reply(response, 404, "text/plain", `metrics are at ${path}\n`);
  if (request.method !== "GET" && request.method !== "HEAD")
    return reply(response, 405, "text/plain", "metrics are only read\n");
  try {
    reply(response, 200, metrics.contentType, await metrics.text(node));
  } catch (error) {
    reply(response, 500, "text/plain", `${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function reply(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(text) });
  response.end(response.req.method === "HEAD" ? undefined : text);
}
