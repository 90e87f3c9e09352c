import type { Role } from "./door.ts";

/** Calls that everybody who has logged in may make: those that the page makes to show something. */
const readable = [/^\/(nodes|services)\/[\w.-]+$/, /^\/services\/[\w.-]+\/logs$/, /^\/shoal\/(live|usage)$/];

/** Calls that an operator may make besides. */
const operable: Readonly<Record<string, readonly RegExp[]>> = {
  POST: [
    /^\/(services|secrets|configs|networks)\/create$/,
    /^\/shoal\/stacks\/plan$/,
    /^\/(services|nodes|secrets|configs)\/[\w.-]+\/update$/,
  ],
  DELETE: [/^\/(services|nodes|secrets|configs|networks)\/[\w.-]+$/],
};

/** A call of the API. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/**
 * Whether a visitor may make this call of the API. Everything is refused that is not named here: containers, images and
 * exec would open the node's engine, `/swarm` tells join tokens, and a config read alone tells what is in it.
 */
export function isAllowed(role: Role, { method, path, query }: Call): boolean {
  if (path.includes("..")) return false;
  if (method === "GET" && path === "/events") return isOfSwarmAlone(query);
  if (method === "GET") return readable.some(pattern => pattern.test(path));
  return role === "operator" && (operable[method]?.some(pattern => pattern.test(path)) ?? false);
}

/** Whether events are asked for without those of the node's engine, which tell of its containers. */
function isOfSwarmAlone(query: URLSearchParams): boolean {
  try {
    const { scope } = JSON.parse(query.get("filters") ?? "{}") as { readonly scope?: unknown };
    return Array.isArray(scope) && scope.length === 1 && scope[0] === "swarm";
  } catch {
    return false;
  }
}
