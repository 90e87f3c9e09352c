import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer, Headers, Json } from "./answer.ts";
import { describeError } from "./errors.ts";
import { type ApiVersion, hasJsonErrors, newestVersion } from "./versions.ts";

/** Headers of every answer of ours. `engine` is the version clients are told in `Server`. */
export function commonHeaders(engine: string): Headers {
  return {
    "Api-Version": newestVersion.text,
    "Docker-Experimental": "false",
    Ostype: "linux",
    Server: `Docker/${engine} (linux)`,
  };
}

/** Writes an answer; resolves when everything has been given to the connection, or it is gone. */
export async function reply(answer: Answer, response: ServerResponse, signal: AbortSignal): Promise<void> {
  switch (answer.kind) {
    case "json":
      return end(response, answer.status, "application/json", encodeJson(answer.value));
    case "text":
      setHeaders(response, answer.headers);
      return end(response, answer.status, "text/plain; charset=utf-8", answer.text);
    case "empty":
      setHeaders(response, answer.headers);
      // RFC 9110 15.3.5: a 204 has no Content-Length.
      if (answer.status !== 204) response.setHeader("Content-Length", 0);
      response.writeHead(answer.status).end();
      return;
    case "stream":
      return pour(answer.contentType, answer.chunks, response, signal);
    case "handed-through":
      return;
    default:
      answer satisfies never;
  }
}

/** The answer to a failed request: `{"message": …}`, or plain text for clients of before 1.24. */
export function replyError(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  version: ApiVersion,
): void {
  if (response.headersSent) {
    // Too late for a status: a cut connection is all that still tells the client.
    response.destroy();
    return;
  }
  const { status, message } = describeError(error);
  // Part of the body may still be on its way: it must not be taken for the next request.
  if (!request.complete) response.setHeader("Connection", "close");
  if (hasJsonErrors(version)) end(response, status, "application/json", encodeJson({ message }));
  else end(response, status, "text/plain; charset=utf-8", `${message}\n`);
}

/** As Go's encoder writes it: compact, with a newline at the end. */
export function encodeJson(value: Json): string {
  return `${JSON.stringify(value)}\n`;
}

function setHeaders(response: ServerResponse, headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

function end(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) }).end(body);
}

async function pour(
  type: string,
  chunks: AsyncIterable<Uint8Array | string>,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(200, { "Content-Type": type }).flushHeaders();
  for await (const chunk of chunks) {
    if (signal.aborted) break;
    if (!response.write(chunk)) await once(response, "drain", { signal }).catch(() => {});
  }
  response.end();
}
