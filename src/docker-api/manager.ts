import type { SwarmStatus } from "./backend.ts";
import { HttpError } from "./errors.ts";

const notManager = "This node is not a swarm manager.";
const initAdvice = 'Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const workerAdvice =
  "Worker nodes can't be used to view or modify cluster state. " +
  "Please run this command on a manager node or promote the current node to a manager.";

export const lockedText =
  'Swarm is encrypted and needs to be unlocked before it can be used. Please use "docker swarm unlock" to unlock it.';
export const notInSwarmText = `${notManager} ${initAdvice}`;

/** Why this node cannot serve the cluster's API, in Docker's words; undefined when it can. */
export function whyNoManager(status: SwarmStatus): string | undefined {
  if (status.controlAvailable) return undefined;
  if (status.state === "locked") return lockedText;
  if (status.state === "inactive") return notInSwarmText;
  if (status.state === "active") return `${notManager} ${workerAdvice}`;
  const reason =
    status.error === "" ? "Manager is being prepared or has trouble connecting to the cluster." : status.error;
  return `${notManager} ${reason}`;
}

/** What keeps a node from serving the cluster's API. */
export type Obstacle = "outside" | "worker" | "locked" | "starting";

/** The same in a word; undefined for a manager at work. */
export function obstacleOf({ controlAvailable, state }: SwarmStatus): Obstacle | undefined {
  if (controlAvailable) return undefined;
  if (state === "locked") return "locked";
  if (state === "inactive") return "outside";
  return state === "active" ? "worker" : "starting";
}

/** Throws 503 unless this node serves the cluster's API. */
export function requireManager(status: SwarmStatus): void {
  const reason = whyNoManager(status);
  if (reason !== undefined) throw new HttpError(503, reason);
}
