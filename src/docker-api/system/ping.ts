import { type Answer, empty, type Headers, text } from "../answer.ts";
import type { SwarmStatus } from "../backend.ts";
import type { RouteContext } from "../context.ts";
import type { Route } from "../route.ts";

/** Every client's first request: the version it is to speak is in the headers. */
export const pingRoutes: readonly Route[] = [
  { method: "GET", path: "/_ping", handler: context => text("OK", 200, pingHeaders(context)) },
  { method: "HEAD", path: "/_ping", handler: head },
];

function head(context: RouteContext): Answer {
  return empty(200, { "Content-Type": "text/plain; charset=utf-8", ...pingHeaders(context) });
}

function pingHeaders({ backend }: RouteContext): Headers {
  return {
    "Cache-Control": "no-cache, no-store, must-revalidate",
    Pragma: "no-cache",
    Swarm: swarmHeader(backend.status()),
  };
}

/** How newer engines tell their part in a swarm: "active/manager", "active/worker", "inactive", … */
function swarmHeader(status: SwarmStatus): string {
  if (status.state !== "active") return status.state;
  return status.controlAvailable ? "active/manager" : "active/worker";
}
