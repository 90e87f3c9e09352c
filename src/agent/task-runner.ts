import { AssertionError } from "../lib/assert.ts";
import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { onAbort } from "../lib/bell.ts";
import { asFault, Fault } from "../lib/fault.ts";
import type { Task } from "../model/task.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Instance, Runtime, TaskDependencies } from "../ports/runtime.ts";
import { type NodeDescription, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { Latest } from "./latest.ts";
import { type LocalTask, nextStatus } from "./local-task.ts";
import { nextStep, type Step } from "./step.ts";
import { withoutTemplates } from "./templated-task.ts";

/** Between tries of an operation that the engine could not do. */
const operationBackoff: Backoff = { firstMs: 200, longestMs: 8_000 };
/** Texts of a long preparation are reported this often at most. */
const progressPeriodMs = 1_000;

export interface TaskRunnerOptions {
  readonly runtime: Runtime;
  readonly dependencies: TaskDependencies;
  /** This machine, for templates. */
  readonly describe: () => Promise<NodeDescription>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The task's status has changed. */
  readonly onChange: (runner: TaskRunner) => void;
  /** The task was dismissed and nothing is left of it. */
  readonly onGone: (runner: TaskRunner) => void;
}

/** Brings one task to where it is wanted, one runtime operation after the other, until it is dismissed. */
export class TaskRunner {
  readonly #options: TaskRunnerOptions;
  #task: Task;
  #local: LocalTask;
  #instance: Instance | undefined;
  /** Whether `#instance` is what the runtime said last, and not a guess from before a failure. */
  #looked = false;
  #dismissed = false;
  #closed = false;
  /** Aborts at the next change of what is wanted. */
  #change = new AbortController();
  /** Aborts when the container is not wanted any more. */
  #unwanted = new AbortController();
  /** The end of the last preparation, however it ended: what it makes must not come after the removal. */
  #preparing: Promise<void> = Promise.resolve();
  readonly #progress: Latest;

  constructor(task: Task, local: LocalTask, options: TaskRunnerOptions) {
    this.#task = task;
    this.#local = local;
    this.#options = options;
    // `docker service ps` shows nothing else of a status than its state and error.
    const say = (text: string): void => this.#report(TaskState.PREPARING, "preparing", text);
    this.#progress = new Latest(options.clock, progressPeriodMs, say);
    this.#noteWanted();
  }

  get task(): Task {
    return this.#task;
  }

  get local(): LocalTask {
    return this.#local;
  }

  /** Works until the task is gone or `close` is called. */
  async run(): Promise<void> {
    try {
      await this.#work();
    } finally {
      // A preparation that could not be broken off may still have something to say.
      this.#closed = true;
      this.#progress.forget();
    }
  }

  /** The manager says (again) what is wanted. */
  assign(task: Task): void {
    this.#task = task;
    this.#dismissed = false;
    this.#noteWanted();
    this.#change.abort();
  }

  /** The manager has forgotten the task: it is to stop, and nothing is to be left of it. */
  dismiss(): void {
    this.#dismissed = true;
    this.#unwanted.abort();
    this.#change.abort();
  }

  /** The agent ends. The container stays as it is. */
  close(): void {
    this.#closed = true;
    this.#unwanted.abort();
    this.#change.abort();
  }

  async #work(): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      this.#change = new AbortController();
      let step: Step | undefined;
      try {
        if (!this.#looked) {
          await this.#look();
          continue;
        }
        step = this.#dismissed ? undefined : this.#nextStep();
        if (step) await this.#take(step);
        else if (await this.#leave()) return;
        failures = 0;
      } catch (error) {
        if (error instanceof AssertionError) throw error;
        if (this.#closed) return;
        this.#looked = false;
        if (this.#failed(step, asFault(error))) continue;
        failures += 1;
        const waitMs = backoffMs(operationBackoff, failures, this.#options.random.float());
        await sleep(this.#options.clock, waitMs, this.#change.signal);
      }
    }
  }

  #noteWanted(): void {
    if (this.#task.desiredState >= TaskState.SHUTDOWN) this.#unwanted.abort();
    else if (this.#unwanted.signal.aborted && !this.#closed) this.#unwanted = new AbortController();
  }

  #nextStep(): Step {
    const { status, stopCause } = this.#local;
    return nextStep({ state: status.state, stopCause }, this.#instance, this.#task.desiredState);
  }

  async #look(): Promise<void> {
    this.#instance = await this.#options.runtime.inspect(this.#task.id);
    this.#looked = true;
  }

  async #take(step: Step): Promise<void> {
    const { runtime } = this.#options;
    switch (step.do) {
      case "report":
        this.#report(step.state, step.message, step.err);
        return;
      case "prepare":
        this.#instance = await this.#prepare();
        if (this.#local.status.state < TaskState.READY) this.#report(TaskState.READY, "prepared", "");
        return;
      case "start":
        this.#instance = await runtime.start(this.#task);
        return;
      case "watch":
        await this.#watch();
        return;
      case "stop":
        await this.#stop(step.cause);
        return;
      case "remove":
        await runtime.remove(this.#task.id);
        this.#instance = undefined;
        return;
      case "rest":
        await new Promise<void>(resolve => onAbort(this.#change.signal, resolve));
        return;
      default:
        step satisfies never;
    }
  }

  /** Ends when the container is made, or at once when it is not wanted any more: some runtimes cannot break off. */
  async #prepare(): Promise<Instance> {
    const { signal } = this.#unwanted;
    const unwanted = new Fault("cancelled", "no longer wanted");
    const work = this.#make(signal);
    const over = work.then(
      () => {},
      () => {},
    );
    this.#preparing = over;
    const abort = new Promise<never>((_, reject) => {
      const unhook = onAbort(signal, () => reject(unwanted));
      void over.then(unhook);
    });
    return Promise.race([work, abort]);
  }

  async #make(signal: AbortSignal): Promise<Instance> {
    const { runtime, describe } = this.#options;
    const { task, dependencies } = withoutTemplates(this.#task, this.#options.dependencies, await describe());
    return runtime.prepare(task, dependencies, text => this.#note(text), signal);
  }

  async #watch(): Promise<void> {
    const { signal } = this.#change;
    if (!this.#instance) return;
    const seen = await this.#options.runtime.changed(this.#task.id, this.#instance, signal);
    if (!signal.aborted) this.#instance = seen;
  }

  async #stop(cause: LocalTask["stopCause"]): Promise<void> {
    if (cause !== this.#local.stopCause) {
      this.#local = { ...this.#local, stopCause: cause };
      this.#options.onChange(this);
    }
    await this.#options.runtime.stop(this.#task);
    await this.#look();
  }

  /** Returns true when nothing is left. */
  async #leave(): Promise<boolean> {
    const { runtime, onGone } = this.#options;
    if (this.#instance?.state === "running") {
      await this.#stop(this.#local.stopCause);
      return false;
    }
    await this.#preparing;
    await runtime.remove(this.#task.id);
    this.#instance = undefined;
    if (!this.#dismissed) return false;
    onGone(this);
    return true;
  }

  /** What a failed operation means for the task. False when it is to be tried again after a while. */
  #failed(step: Step | undefined, fault: Fault): boolean {
    const operation = step?.do ?? (this.#dismissed ? "remove" : "inspect");
    this.#options.log.warn("a task's operation failed", { task: this.#task.id, operation, error: fault.message });
    const { status } = this.#local;
    if (fault.code === "unavailable") {
      if (status.state < TaskState.RUNNING)
        this.#report(status.state, status.message, `waiting for the container engine: ${fault.message}`);
      return false;
    }
    if (step?.do !== "prepare" && step?.do !== "start") return false;
    if (this.#unwanted.signal.aborted) return true;
    const cannotRun = fault.code === "not_found" || fault.code === "invalid_argument";
    const rejected = step.do === "prepare" && cannotRun;
    this.#report(rejected ? TaskState.REJECTED : TaskState.FAILED, "", fault.message);
    return true;
  }

  #note(progress: string): void {
    if (!this.#closed && this.#local.status.state === TaskState.PREPARING) this.#progress.note(progress);
  }

  #report(state: TaskState, message: string, err: string): void {
    const { status } = this.#local;
    if (state !== TaskState.PREPARING) this.#progress.forget();
    if (status.state === state && status.message === message && status.err === err) return;
    const next = nextStatus(status, { state, message, err }, this.#instance, this.#options.clock.now());
    this.#local = { ...this.#local, status: next };
    this.#options.onChange(this);
  }
}
