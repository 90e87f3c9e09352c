import type { Caller } from "../ports/transport.ts";

/*
 * The subject of a node's certificate says who it is (SwarmKit: CN = node id, OU = role, O = cluster id). The DNS names
 * say what a caller may rely on reaching: any node, a manager, or a manager's certificate authority.
 */

/** The name that every manager's certificate carries: what nodes verify when they call a manager. */
export const managerServerName = "swarm-manager";
/** The name that managers carry besides: what joining nodes verify when they ask for a certificate. */
export const caServerName = "swarm-ca";

const UNITS = { manager: managerServerName, worker: "swarm-worker" } as const satisfies Record<Caller["role"], string>;

export function unitOf(role: Caller["role"]): string {
  return UNITS[role];
}

/** DNS names of a node's certificate, in SwarmKit's order. */
export function serverNames(node: Caller): string[] {
  const names = [unitOf(node.role), node.nodeId];
  return node.role === "manager" ? [...names, caServerName] : names;
}

/**
 * Who a subject names, in the form node:tls and node:crypto give it. Undefined when a part is missing, doubled or no
 * role of ours: such a certificate identifies nobody.
 */
export function identityOf(subject: { CN?: unknown; OU?: unknown; O?: unknown }): Caller | undefined {
  const { CN: nodeId, OU: unit, O: clusterId } = subject;
  if (typeof nodeId !== "string" || typeof clusterId !== "string" || nodeId === "" || clusterId === "")
    return undefined;
  if (unit === UNITS.manager) return { nodeId, role: "manager", clusterId };
  if (unit === UNITS.worker) return { nodeId, role: "worker", clusterId };
  return undefined;
}
