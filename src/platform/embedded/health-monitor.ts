import { spawn } from "node:child_process";
import { type Clock, sleep } from "../../ports/clock.ts";
import { makeOrdinary } from "../priority.ts";
import { afterProbe, type Health, type HealthPlan, untilNextProbe } from "./health.ts";
import { sendSignal } from "./process-table.ts";

/** One probe: a command line and how it is run. */
export interface Probe {
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly directory: string;
  readonly timeoutMs: number;
}

export interface HealthMonitorOptions {
  readonly plan: HealthPlan;
  readonly probe: Probe;
  /** When the task started, milliseconds since 1970. */
  readonly startedMs: number;
  readonly clock: Clock;
  readonly changed: (health: Health) => void;
}

/** Asks a running task, again and again, whether it is well, until `signal` aborts. */
export async function monitorHealth(options: HealthMonitorOptions, first: Health, signal: AbortSignal): Promise<void> {
  const { plan, clock } = options;
  const age = (): number => clock.now() - options.startedMs;
  let health = first;
  while (!signal.aborted) {
    await sleep(clock, untilNextProbe(health, plan, age()), signal);
    if (signal.aborted) return;
    const passed = await runProbe(options.probe, clock, signal);
    if (signal.aborted) return;
    const next = afterProbe(health, passed, plan, age());
    const changed = next.status !== health.status;
    health = next;
    if (changed) options.changed(health);
  }
}

/** Whether the probe's command ended with status 0 in time. One that does not end is killed with all it has started. */
export function runProbe(probe: Probe, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const [program = "", ...args] = probe.command;
  return new Promise(resolve => {
    const child = spawn(program, args, {
      cwd: probe.directory,
      env: Object.fromEntries(probe.env.map(entry => entry.split(/=(.*)/s, 2))),
      detached: true,
      stdio: "ignore",
    });
    if (child.pid !== undefined) makeOrdinary(child.pid);
    const kill = (): void => {
      if (child.pid !== undefined) sendSignal(-child.pid, 9);
    };
    const timer = clock.after(probe.timeoutMs, kill);
    signal.addEventListener("abort", kill, { once: true });
    const finish = (passed: boolean): void => {
      timer.cancel();
      signal.removeEventListener("abort", kill);
      resolve(passed);
    };
    child.once("error", () => finish(false));
    child.once("exit", code => finish(code === 0));
  });
}
