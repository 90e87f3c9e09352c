import type { Cluster } from "../model/objects.ts";
import { fromDuration } from "../model/time.ts";

/** SwarmKit: how often agents report when the cluster says nothing else. */
export const defaultHeartbeatPeriodMs = 5_000;
/** SwarmKit: 0.5 s either way at 5 s, so that agents do not all call at one moment. */
const spreadShare = 0.1;
/** Heartbeats in a row that must be missed until a node counts as down. */
export const missedHeartbeats = 3;

/** The cluster's heartbeat period in milliseconds. */
export function heartbeatPeriodMs(cluster: Cluster | undefined): number {
  const configured = fromDuration(cluster?.spec.dispatcher?.heartbeatPeriod) ?? 0;
  return configured > 0 ? configured : defaultHeartbeatPeriodMs;
}

/** The period one agent is told now, spread by `chance` in [0, 1). */
export function spreadPeriodMs(periodMs: number, chance: number): number {
  return Math.round(periodMs * (1 - spreadShare + 2 * spreadShare * chance));
}
