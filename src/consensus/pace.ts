import type { Store } from "../store/store.ts";
import { findCluster } from "../store/the-cluster.ts";

/** Milliseconds that one of the swarm's ticks takes, in which a cluster says how often heartbeats come and elections begin. */
const swarmTickMs = 100;
/** Raft's ticks in one of the swarm's: election timeouts should differ by less than a heartbeat. */
const ticksPerSwarmTick = 2;
const defaultHeartbeat = 1;
const defaultElection = 10;

/** Milliseconds between two ticks of raft. */
export const tickMs = swarmTickMs / ticksPerSwarmTick;

/** Raft's pace, as the cluster wants it; a new member does not know yet and takes the usual one. */
export function paceOf(store: Store): { heartbeatTicks: number; electionTicks: number } {
  const raft = store.view(tx => findCluster(tx))?.spec.raft;
  const heartbeat = raft?.heartbeatTick || defaultHeartbeat;
  const election = Math.max(raft?.electionTick || defaultElection, 2 * heartbeat);
  return { heartbeatTicks: heartbeat * ticksPerSwarmTick, electionTicks: election * ticksPerSwarmTick };
}
