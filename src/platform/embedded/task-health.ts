import { readFile, writeFile } from "node:fs/promises";
import { wrapped } from "./command-wrapping.ts";
import { type Health, initialHealth } from "./health.ts";
import { monitorHealth } from "./health-monitor.ts";
import { inside } from "./isolation.ts";
import type { Plan } from "./plan.ts";
import { partEnvironment } from "./shim.ts";
import { directoryOf } from "./task-launch.ts";
import type { TaskPaths } from "./task-paths.ts";
import type { TaskWorld } from "./task-world.ts";

/** One task's health: watched while it runs, and kept on disk so that a restarted daemon does not begin at "starting". */
export class TaskHealth {
  readonly #world: TaskWorld;
  readonly #plan: Plan;
  readonly #paths: TaskPaths;
  #health: Health;
  #monitor: AbortController | undefined;

  constructor(world: TaskWorld, plan: Plan, paths: TaskPaths) {
    this.#world = world;
    this.#plan = plan;
    this.#paths = paths;
    this.#health = plan.health ? initialHealth : { status: "none", failures: 0 };
  }

  get status(): Health["status"] {
    return this.#health.status;
  }

  /** Takes over what an earlier daemon knew. */
  async load(): Promise<void> {
    if (!this.#plan.health) return;
    const saved = await readFile(this.#paths.health, "utf8").catch(() => "");
    if (saved === "healthy" || saved === "unhealthy") this.#health = { status: saved, failures: 0 };
  }

  /** Begins to ask the task with this process id, started at `startedMs` (since 1970). */
  watch(pid: number, startedMs: number): void {
    const { health } = this.#plan;
    if (!health || this.#monitor) return;
    this.#monitor = new AbortController();
    const { passed, behind } = partEnvironment(this.#plan.env);
    const command = wrapped({ ...this.#plan, ulimits: [] }, health.command, behind);
    const probe = {
      command: inside(this.#world.isolation, pid, command),
      env: passed,
      directory: directoryOf(this.#plan, this.#paths),
      timeoutMs: health.timeoutMs,
    };
    const changed = (next: Health): void => void this.#changed(next);
    const options = { plan: health, probe, startedMs, clock: this.#world.clock, changed };
    void monitorHealth(options, this.#health, this.#monitor.signal);
  }

  stop(): void {
    this.#monitor?.abort();
  }

  async #changed(health: Health): Promise<void> {
    this.#health = health;
    this.#world.changed(this.#plan.taskId);
    await writeFile(this.#paths.health, health.status, { mode: 0o600 }).catch((error: unknown) => {
      this.#world.log.warn("cannot keep a task's health", { task: this.#plan.taskId, error: String(error) });
    });
  }
}
