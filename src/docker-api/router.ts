import findMyWay from "find-my-way";
import type { Route } from "./route.ts";

/** First segments of the paths that are the swarm's alone: what has no route there is nobody's. */
const swarmPaths: ReadonlySet<string> = new Set(["swarm", "nodes", "services", "tasks", "secrets", "configs", "shoal"]);

/** Characters of one path parameter; names are at most 64, ids 25 or 64. */
const maxParameterLength = 512;

export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the route for a method and a path without version. */
export class RouteTable {
  readonly #router = findMyWay({ maxParamLength: maxParameterLength });

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#router.on(route.method, route.path, () => {}, route);
  }

  find(method: string, path: string): RouteMatch | undefined {
    if (!isRoutable(method)) return undefined;
    const found = this.#router.find(method, path);
    if (!found) return undefined;
    const route: Route = found.store;
    const params = Object.entries(found.params).map(([name, value]) => [name, value ?? ""]);
    return { route, params: Object.fromEntries(params) };
  }
}

function isRoutable(method: string): method is Route["method"] {
  return ["GET", "HEAD", "POST", "PUT", "DELETE"].includes(method);
}

/** Whether a path belongs to the swarm, so that it must never reach the engine. */
export function isSwarmPath(path: string): boolean {
  return swarmPaths.has(path.split("/")[1] ?? "");
}
