import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Endpoint } from "./endpoint.ts";
import { connectEngine } from "./engine-socket.ts";
import { engineGone } from "./hand-through.ts";

/** Longest head of the engine's answer, in bytes; a longer one is passed on unread. */
const longestHeadBytes = 64 << 10;
const headEnd = "\r\n\r\n";

/**
 * Joins a client that asked for another protocol (attach, exec, session) with the engine, byte for byte in both
 * directions, each ending by itself. The request's body, which may be in `head` or come later, is just the first bytes.
 */
export function upgradeThrough(
  endpoint: Endpoint,
  path: string,
  incoming: IncomingMessage,
  client: Duplex,
  head: Buffer,
): void {
  const answer = new AnswerHead();
  const engine = connectEngine(endpoint, bytes => {
    const ready = answer.complete ? bytes : answer.push(bytes);
    if (ready && !answer.switched) leaveEngine();
    return ready ? client.write(ready) : true;
  });
  // The engine keeps to HTTP. Its connection must not be used for a second request, which might be for the swarm: our
  // side of it ends here, and the client is told so.
  const leaveEngine = (): void => {
    client.unpipe(engine);
    client.resume();
    engine.end();
  };
  const over = (error: Error): void => {
    if (answer.complete) client.end();
    else refuse(client, engineGone(endpoint, error));
    engine.destroy();
  };
  engine.on("error", over);
  engine.on("end", () => {
    if (answer.complete) client.end();
    else over(new Error("it closed the connection"));
  });
  client.on("drain", () => engine.resume());
  client.on("error", () => engine.destroy());
  client.on("close", () => engine.destroy());
  engine.write(requestHead(incoming, path));
  if (head.length > 0) engine.write(head);
  client.pipe(engine);
}

/** Collects the head of the engine's answer. */
class AnswerHead {
  complete = false;
  /** Whether the engine speaks the other protocol now. */
  switched = false;
  #received = Buffer.alloc(0);

  /** Takes bytes; once the head is complete, gives it, as the client is to get it, with what followed. */
  push(bytes: Buffer): Buffer | undefined {
    this.#received = Buffer.concat([this.#received, bytes]);
    if (!this.#received.includes(headEnd) && this.#received.length < longestHeadBytes) return undefined;
    this.complete = true;
    const text = this.#received.toString("latin1");
    this.switched = /^HTTP\/1\.1 101 /.test(text);
    if (this.switched) return this.#received;
    return Buffer.from(text.replace("\r\n", "\r\nConnection: close\r\n"), "latin1");
  }
}

function requestHead(incoming: IncomingMessage, path: string): string {
  const lines = [`${incoming.method} ${path} HTTP/1.1`];
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2)
    lines.push(`${incoming.rawHeaders[index]}: ${incoming.rawHeaders[index + 1]}`);
  return lines.join("\r\n") + headEnd;
}

function refuse(client: Duplex, { status, message }: { status: number; message: string }): void {
  const body = `${JSON.stringify({ message })}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  client.resume();
  client.end(head.join("\r\n") + headEnd + body);
}
