import { createServer, type IncomingMessage } from "node:http";
import { hostname } from "node:os";

/*
 * The program of the image `shoal/whoami`: answers every request with who and where it is, as plain text or, for
 * clients that ask for it (`Accept: application/json`, or the path `/json`), as JSON. `/healthz` answers "ok".
 */

const port = Number(process.env.PORT ?? 0);

/** The first lines of every answer: what the embedded runtime told this task about itself. */
function identity(): Record<string, string> {
  return {
    Hostname: process.env.HOSTNAME ?? hostname(),
    Task: process.env.SHOAL_TASK_NAME ?? "",
    Service: process.env.SHOAL_SERVICE_NAME ?? "",
    Slot: process.env.SHOAL_SLOT ?? "",
    Node: process.env.SHOAL_NODE_HOSTNAME ?? "",
    NodeID: process.env.SHOAL_NODE_ID ?? "",
  };
}

function wantsJson(request: IncomingMessage): boolean {
  return request.url === "/json" || (request.headers.accept ?? "").includes("application/json");
}

function asText(request: IncomingMessage): string {
  const lines = Object.entries(identity()).map(([key, value]) => `${key}: ${value}`);
  lines.push(`RemoteAddr: ${request.socket.remoteAddress}:${request.socket.remotePort}`);
  lines.push(`${request.method} ${request.url} HTTP/${request.httpVersion}`);
  for (let at = 0; at < request.rawHeaders.length; at += 2)
    lines.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`);
  return `${lines.join("\n")}\n`;
}

const server = createServer((request, response) => {
  if (request.url === "/healthz") {
    response.end("ok\n");
  } else if (wantsJson(request)) {
    response.setHeader("Content-Type", "application/json");
    response.end(`${JSON.stringify({ ...identity(), Headers: request.headers })}\n`);
  } else {
    response.setHeader("Content-Type", "text/plain; charset=utf-8");
    response.end(asText(request));
  }
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

server.on("error", error => {
  say(`cannot listen on port ${port}: ${error.message}`);
  process.exitCode = 1;
});
server.listen(port, "127.0.0.1", () => {
  const address = server.address();
  say(`listening on port ${typeof address === "object" && address ? address.port : port}`);
});

/** Lets running answers finish, and takes no new ones. */
process.once("SIGTERM", () => {
  say("stopping");
  server.close();
  server.closeIdleConnections();
});
