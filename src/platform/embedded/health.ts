import { Fault } from "../../lib/fault.ts";
import { fromDuration } from "../../model/time.ts";
import type { HealthConfig } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** How and how often a task is asked whether it is well; all times in milliseconds. */
export interface HealthPlan {
  /** The command line to run; exit status 0 means healthy. */
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Consecutive failures that make a task unhealthy. */
  readonly retries: number;
  /** After the start: failures do not count in it. */
  readonly startPeriodMs: number;
  /** Between probes in the start period. */
  readonly startIntervalMs: number;
}

/** Docker's defaults (`docker run --health-…`). */
const defaults = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3, startPeriodMs: 0, startIntervalMs: 5_000 };

/** The health check a spec asks for; undefined for none. Faults invalid_argument for a kind of test Docker has not. */
export function planHealth(config: HealthConfig | undefined): HealthPlan | undefined {
  const [kind, ...rest] = config?.test ?? [];
  if (kind === undefined || kind === "NONE") return undefined;
  const orDefault = (value: number | undefined, fallback: number): number => (value ? value : fallback);
  return {
    command: probeCommand(kind, rest),
    intervalMs: orDefault(fromDuration(config?.interval), defaults.intervalMs),
    timeoutMs: orDefault(fromDuration(config?.timeout), defaults.timeoutMs),
    retries: orDefault(config?.retries, defaults.retries),
    startPeriodMs: orDefault(fromDuration(config?.startPeriod), defaults.startPeriodMs),
    startIntervalMs: orDefault(fromDuration(config?.startInterval), defaults.startIntervalMs),
  };
}

function probeCommand(kind: string, rest: readonly string[]): readonly string[] {
  if (kind === "CMD" && rest.length > 0) return rest;
  if (kind === "CMD-SHELL" && rest.length === 1) return ["/bin/sh", "-c", rest[0] ?? ""];
  throw new Fault("invalid_argument", `Unknown healthcheck type: ${kind}`);
}

/** What is known of a task's health, and how many probes have failed in a row. */
export interface Health {
  readonly status: "none" | "starting" | "healthy" | "unhealthy";
  readonly failures: number;
}

export const initialHealth: Health = { status: "starting", failures: 0 };

/**
 * A task's health after a probe, by Docker's rules: one success makes it healthy; `retries` failures in a row make it
 * unhealthy; failures of a starting task in its start period do not count.
 */
export function afterProbe(health: Health, passed: boolean, plan: HealthPlan, ageMs: number): Health {
  if (passed) return { status: "healthy", failures: 0 };
  if (health.status === "starting" && ageMs < plan.startPeriodMs) return health;
  const failures = health.failures + 1;
  return failures >= plan.retries ? { status: "unhealthy", failures } : { ...health, failures };
}

/** How long to wait for the next probe. */
export function untilNextProbe(health: Health, plan: HealthPlan, ageMs: number): number {
  const starting = health.status === "starting" && ageMs < plan.startPeriodMs;
  return starting ? Math.min(plan.startIntervalMs, plan.intervalMs) : plan.intervalMs;
}
