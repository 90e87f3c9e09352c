import { type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from "node:http";
import type { Endpoint } from "./endpoint.ts";
import { connectEngine } from "./engine-socket.ts";

/** Headers that belong to one connection, not to the message (RFC 9110, 7.6.1); node:http sets its own. */
const connectionHeaders = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
]);

/**
 * Gives a request to the engine and the engine's answer to the client, both as streams: the engine's status, headers
 * and timing are the client's. `path` is already right for the engine; `body` replaces a body that was read before.
 */
export function handThrough(
  endpoint: Endpoint,
  path: string,
  incoming: IncomingMessage,
  response: ServerResponse,
  body?: Uint8Array,
): void {
  if (response.destroyed) return;
  const outgoing = request({
    // A connection of its own: a client that goes away takes it along, and long streams block nobody.
    createConnection: () => connectEngine(endpoint),
    method: incoming.method ?? "GET",
    path,
    headers: forwardHeaders(incoming, body),
  });
  let answered = false;
  outgoing.on("error", error => {
    incoming.unpipe(outgoing);
    incoming.resume();
    // The engine may answer an upload, and hang up, before it has read all of it: the answer still counts.
    if (!answered) answerGone(response, endpoint, error);
  });
  outgoing.on("response", answer => {
    answered = true;
    forwardAnswer(answer, response);
  });
  // The client left before the answer was complete.
  response.on("close", () => outgoing.destroy());
  incoming.on("error", () => outgoing.destroy());
  if (body === undefined) incoming.pipe(outgoing);
  else outgoing.end(body);
}

function forwardHeaders(incoming: IncomingMessage, body: Uint8Array | undefined): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(incoming.headers))
    if (value !== undefined && !connectionHeaders.has(name)) headers[name] = value;
  if (body !== undefined) headers["content-length"] = body.length;
  else if (incoming.headers["transfer-encoding"] !== undefined) headers["transfer-encoding"] = "chunked";
  return headers;
}

function forwardAnswer(answer: IncomingMessage, response: ServerResponse): void {
  const headers: string[] = [];
  for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2) {
    const [name = "", value = ""] = answer.rawHeaders.slice(index, index + 2);
    if (!connectionHeaders.has(name.toLowerCase())) headers.push(name, value);
  }
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? "", headers);
  // Streams (logs, events, stats) send their head long before their first byte.
  response.flushHeaders();
  answer.on("error", () => response.destroy());
  answer.pipe(response);
}

/** Tells that the engine is not there (503), or went away before it answered (502). */
function answerGone(response: ServerResponse, endpoint: Endpoint, error: NodeJS.ErrnoException): void {
  if (response.destroyed) return;
  const { status, message } = engineGone(endpoint, error);
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(`${JSON.stringify({ message })}\n`);
}

/** Status and text for a client whose request the engine did not answer. */
export function engineGone(endpoint: Endpoint, error: NodeJS.ErrnoException): { status: number; message: string } {
  const absent = error.syscall === "connect" || error.syscall === "getaddrinfo";
  return absent
    ? { status: 503, message: `Cannot reach this node's Docker Engine at ${endpoint.text}: ${error.message}` }
    : { status: 502, message: `This node's Docker Engine at ${endpoint.text} went away: ${error.message}` };
}
