import { statSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { Fault } from "../../lib/fault.ts";
import type { Instance } from "../../ports/runtime.ts";
import { requireProgram } from "./command-wrapping.ts";
import type { Plan } from "./plan.ts";
import { publishedConfig } from "./port-plan.ts";
import { killWithGroup, sendSignal, signalStatus } from "./process-table.ts";
import { endsByDefault, killSignal } from "./signal.ts";
import { killOrphan, type Progress, readProgress } from "./supervised.ts";
import { TaskHealth } from "./task-health.ts";
import { directoryOf, launchTask } from "./task-launch.ts";
import type { TaskLog } from "./task-log.ts";
import type { TaskPaths } from "./task-paths.ts";
import type { TaskWorld } from "./task-world.ts";

/** A supervisor that has not started its program after so long counts as failed, milliseconds. */
const launchTimeoutMs = 60_000;
/** How often a file that is waited for is looked at, should its event have been lost, milliseconds. */
const lookAgainMs = 100;
/**
 * A program younger than this is not told to stop yet, milliseconds: it may not have said how it takes the signal.
 * (A container's program is process 1, which the kernel spares what it does not handle.)
 */
const settlingMs = 250;

/** One prepared task: its plan, its supervisor and what is known of its process. */
export class EmbeddedTask {
  readonly plan: Plan;
  readonly paths: TaskPaths;
  readonly log: TaskLog;
  readonly #world: TaskWorld;
  readonly #health: TaskHealth;
  #progress: Progress = { phase: "unstarted" };
  /** Where its ports are published, in their order. */
  #published: number[] = [];
  /** Whether the launcher of this daemon has started it and tells of its end. */
  #isWatched = false;
  #starting: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #closed = false;
  readonly #waiting = new Set<() => void>();

  constructor(world: TaskWorld, plan: Plan, paths: TaskPaths, log: TaskLog) {
    this.#world = world;
    this.plan = plan;
    this.paths = paths;
    this.log = log;
    this.#health = new TaskHealth(world, plan, paths);
    world.localPorts.take(portsOf(plan));
  }

  get instance(): Instance {
    const progress = this.#progress;
    return {
      taskId: this.plan.taskId,
      containerId: this.plan.containerId,
      state: progress.phase === "running" || progress.phase === "exited" ? progress.phase : "created",
      health: this.#health.status,
      pid: progress.phase === "running" ? progress.pid : 0,
      exitCode: progress.phase === "exited" ? progress.exitCode : 0,
      error: progress.phase === "exited" ? progress.error : "",
      ports: this.plan.ports.flatMap((port, at) => {
        const number = this.#published[at];
        return number === undefined ? [] : [publishedConfig(port, number)];
      }),
    };
  }

  /** When the program started and ended, milliseconds since 1970; undefined for what has not happened. */
  get times(): { readonly startedMs: number | undefined; readonly finishedMs: number | undefined } {
    return { startedMs: modifiedMs(this.paths.pid), finishedMs: modifiedMs(this.paths.exit) };
  }

  get #ageMs(): number {
    return this.#world.clock.now() - (this.times.startedMs ?? 0);
  }

  get isAlive(): boolean {
    return this.#progress.phase === "running" || this.#progress.phase === "starting";
  }

  /** Whether its end will be told of; the task of an earlier daemon has to be looked at. */
  get isWatched(): boolean {
    return this.#isWatched;
  }

  /** Takes over what an earlier daemon left, running or not. */
  async adopt(): Promise<void> {
    await this.#health.load();
    await this.look();
    if (!this.isAlive) return;
    this.#published = await this.#world.publishedPorts
      .publish(this.plan.taskId, this.plan.ports)
      .catch((error: unknown) => {
        // Somebody took the port while no daemon was there: the task itself is well and runs on.
        this.#world.log.warn("cannot publish a running task's ports", { task: this.plan.taskId, error: String(error) });
        return [];
      });
    this.#watchHealth();
  }

  /** Looks how far the task has come, and sees to what its end asks for. Cheap; may be repeated at any time. */
  async look(): Promise<void> {
    if (this.#closed) return;
    if (this.#progress.phase !== "exited" && !this.#ending) {
      const before = this.#progress.phase;
      const progress = readProgress(this.paths);
      if (progress.phase === "exited") this.#ending = this.#end(progress);
      else this.#progress = progress;
      if (progress.phase !== before) this.#moved();
    }
    await this.#ending;
  }

  /** Starts the program; carries on where that has begun or happened. Faults failed_precondition and internal. */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /** Stop signal, and SIGKILL after the grace period; resolves when it has ended. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => {});
    await this.look();
    await this.#until(() => !this.isAlive, settlingMs - this.#ageMs);
    this.signal(this.plan.stopSignal);
    if (!(await this.#until(() => !this.isAlive, this.plan.stopGraceMs))) await this.kill();
  }

  /** SIGKILL for the program and all it has started; resolves when it has ended. */
  async kill(): Promise<void> {
    do {
      if (this.#progress.phase === "running") killWithGroup(this.#progress.pid);
    } while (!(await this.#until(() => !this.isAlive, lookAgainMs)));
  }

  /**
   * Sends a signal to the program, if it runs. The kernel spares process 1 of a namespace the default action of signals
   * it does not handle; a task is to be a process like any other, so it is killed then.
   */
  signal(signal: number): void {
    if (this.#progress.phase !== "running") return;
    const { pid } = this.#progress;
    const status = signalStatus(pid);
    if (!status) return;
    sendSignal(pid, status.init && endsByDefault(signal, status) ? killSignal : signal);
  }

  /** Kills it if it runs, and removes everything it had. */
  async remove(): Promise<void> {
    await this.#starting?.catch(() => {});
    await this.look();
    await this.kill();
    await this.log.end();
    this.close();
    await this.#letGo();
    this.#world.localPorts.release(portsOf(this.plan));
    // The plan goes first: what is left after a crash in between belongs to no task, and is swept up.
    await rm(this.paths.root, { recursive: true, force: true });
    const { run, pid, exit, out, err } = this.paths;
    await Promise.all([run, pid, exit, out, err].map(path => rm(path, { force: true })));
  }

  /** Ends watching; the task goes on. */
  close(): void {
    this.#closed = true;
    this.#health.stop();
    this.#wake();
  }

  async #start(): Promise<void> {
    await this.look();
    if (this.#progress.phase === "unstarted" && !this.#ending) {
      await requireProgram(this.plan, directoryOf(this.plan, this.paths));
      this.#published = await this.#world.publishedPorts.publish(this.plan.taskId, this.plan.ports);
      try {
        await this.#launch();
      } catch (error) {
        await this.#letGo();
        throw error;
      }
    }
    if (!(await this.#until(() => this.#hasStarted, launchTimeoutMs)))
      throw new Fault("internal", `starting container failed: nothing happened for ${launchTimeoutMs / 1000} s`);
    this.#watchHealth();
  }

  get #hasStarted(): boolean {
    return this.#progress.phase === "running" || this.#progress.phase === "exited";
  }

  /** Resolves once the supervisor has begun its work. */
  async #launch(): Promise<void> {
    let failure: string | undefined;
    this.#isWatched = true;
    await launchTask(this.#world, this.plan, this.paths, reason => {
      failure = reason;
      this.#isWatched = false;
      this.#wake();
      void this.look();
    });
    await this.#until(() => this.#progress.phase !== "unstarted" || failure !== undefined, launchTimeoutMs);
    if (this.#progress.phase !== "unstarted") return;
    const output = await readFile(this.paths.err, "utf8").catch(() => "");
    throw new Fault("internal", `starting container failed: ${failure ?? "no answer"} ${output}`.trim());
  }

  /** The task has ended: what it printed last is taken in before anybody hears of it. */
  async #end(progress: Progress & { phase: "exited" }): Promise<void> {
    const { taskId, limits } = this.plan;
    if (progress.error !== "") await killOrphan(this.paths, taskId, this.#world.clock);
    this.#health.stop();
    await this.log.end();
    const outOfMemory = progress.exitCode === 137 && (await this.#world.cgroups.ranOutOfMemory(taskId, limits));
    await this.#letGo();
    const error = outOfMemory ? "out of memory: the task reached its memory limit" : progress.error;
    this.#progress = { ...progress, error };
    this.#moved();
  }

  /** Gives up what only a running task needs. */
  async #letGo(): Promise<void> {
    const { taskId, limits } = this.plan;
    this.#world.publishedPorts.release(taskId);
    this.#published = [];
    await this.#world.files.remove(taskId);
    await this.#world.cgroups.remove(taskId, limits);
  }

  #watchHealth(): void {
    if (this.#progress.phase === "running")
      this.#health.watch(this.#progress.pid, this.times.startedMs ?? this.#world.clock.now());
  }

  #moved(): void {
    this.#world.changed(this.plan.taskId);
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Looks until something is so, or the time is over (false), or the runtime is closed. */
  async #until(reached: () => boolean, withinMs: number): Promise<boolean> {
    const { clock } = this.#world;
    const deadline = clock.monotonic() + withinMs;
    for (;;) {
      await this.look();
      if (reached() || this.#closed) return true;
      const left = deadline - clock.monotonic();
      if (left <= 0) return false;
      await new Promise<void>(resolve => {
        const wake = (): void => {
          timer.cancel();
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = clock.after(Math.min(left, lookAgainMs), wake);
        this.#waiting.add(wake);
      });
    }
  }
}

/** The ports of this machine's that a plan was given. */
function portsOf({ ports }: Plan): number[] {
  return ports.flatMap(port => (port.mode === "ingress" ? [port.localPort, port.publishedPort] : [port.localPort]));
}

function modifiedMs(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
