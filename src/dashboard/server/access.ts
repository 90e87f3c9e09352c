import type { Role } from "./door.ts";

/** Paths of the API that a page may read. */
const readable = [
  /^\/(info|version|events)$/,
  /^\/(nodes|services|tasks|networks|secrets|configs)$/,
  /^\/(nodes|services|tasks|networks|secrets|configs)\/[^/]+$/,
  /^\/(services|tasks)\/[^/]+\/logs$/,
  /^\/shoal\/(live|usage)$/,
];

/** Calls that an operator may make besides. */
const operable: Readonly<Record<string, readonly RegExp[]>> = {
  POST: [
    /^\/(services|secrets|configs|networks)\/create$/,
    /^\/shoal\/stacks\/plan$/,
    /^\/(services|nodes|secrets|configs)\/[^/]+\/update$/,
  ],
  DELETE: [/^\/(services|nodes|secrets|configs|networks)\/[^/]+$/],
};

/**
 * Whether a visitor may make this call of the API. Everything is refused that is not named here: containers, images and
 * exec would open the node's engine, and `/swarm` tells join tokens.
 */
export function isAllowed(role: Role, method: string, path: string): boolean {
  if (path.includes("..") || path.includes("//")) return false;
  if (method === "GET") return readable.some(pattern => pattern.test(path));
  return role === "operator" && (operable[method]?.some(pattern => pattern.test(path)) ?? false);
}
