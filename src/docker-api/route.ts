import type { Answer } from "./answer.ts";
import type { RouteContext } from "./context.ts";

export type Handler = (context: RouteContext) => Answer | Promise<Answer>;

/** One route of the swarm's. `path` is without version, with find-my-way's parameters: "/services/:id/update". */
export interface Route {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly handler: Handler;
}
