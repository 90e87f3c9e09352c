import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { onAbort } from "../lib/bell.ts";
import { asFault, Fault } from "../lib/fault.ts";
import type { Task } from "../model/task.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Runtime } from "../ports/runtime.ts";
import { narrow } from "../store/narrow.ts";
import {
  AssignmentChange_AssignmentAction as Action,
  type AssignmentsMessage,
  AssignmentsMessage_Type as MessageType,
} from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import type { NodeDescription } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { Dependencies } from "./dependencies.ts";
import type { Journal } from "./journal.ts";
import { beginning } from "./local-task.ts";
import type { Reporter } from "./reporter.ts";
import { TaskRunner } from "./task-runner.ts";

/** Between tries to reach the engine. */
const engineBackoff: Backoff = { firstMs: 200, longestMs: 8_000 };

export interface TaskSetOptions {
  readonly runtime: Runtime;
  /** This machine as the managers know it. */
  readonly describe: () => Promise<NodeDescription>;
  readonly journal: Journal;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The tasks assigned to this node, each with its runner. Goes on working while no manager can be reached. */
export class TaskSet {
  readonly #options: TaskSetOptions;
  readonly #runners = new Map<string, TaskRunner>();
  readonly #dependencies = new Dependencies();
  readonly #listeners = new Set<(runner: TaskRunner) => void>();
  readonly #closing = new AbortController();
  /** Containers found at the start that no manager has spoken of yet. */
  #found: readonly string[] = [];
  /** The message that was applied last; undefined until this session's first. */
  #applied: string | undefined;

  constructor(options: TaskSetOptions) {
    this.#options = options;
  }

  /**
   * Looks for what runs since before a restart; waits for the engine as long as it takes, or until `signal` aborts.
   * `onFailure` is told what it waits for.
   */
  async open(signal: AbortSignal, onFailure: (fault: Fault) => void): Promise<void> {
    onAbort(signal, () => this.#closing.abort());
    await this.#options.journal.open();
    const list = async (): Promise<void> => {
      this.#found = (await this.#options.runtime.list()).map(instance => instance.taskId);
    };
    await this.#persist("list containers", list, onFailure);
  }

  /** Does what a manager says. Fault aborted when a message before it is missing: then a new session is needed. */
  apply(message: AssignmentsMessage): void {
    if (message.type === MessageType.COMPLETE) this.#dependencies.clear();
    else if (message.appliesTo !== this.#applied)
      throw new Fault("aborted", `assignments follow on "${message.appliesTo}", but "${this.#applied}" is what came`);
    this.#applied = message.resultsIn;
    const tasks = this.#dependencies.apply(message.changes);
    const named = new Set<string>();
    for (const { action, task } of tasks) {
      if (action === Action.UPDATE) this.#assign(narrow.task(task));
      else this.#runners.get(task.id)?.dismiss();
      named.add(task.id);
    }
    if (message.type === MessageType.COMPLETE) this.#dismissOthers(named);
  }

  runners(): IterableIterator<TaskRunner> {
    return this.#runners.values();
  }

  /** Calls `listener` with every runner that is new or has a new status. Returns what ends that. */
  onChange(listener: (runner: TaskRunner) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Lets go of all tasks; they run on. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const runner of this.#runners.values()) runner.close();
    await this.#options.journal.close();
  }

  #assign(task: Task): void {
    const running = this.#runners.get(task.id);
    if (running) {
      running.assign(task);
      // The manager may have lost (or never got) what it was told.
      if (task.status.state < running.local.status.state) this.#report(running);
      return;
    }
    const { journal, runtime, describe, clock, random, log } = this.#options;
    const local = beginning(task, journal.get(task.id));
    const runner = new TaskRunner(task, local, {
      runtime,
      describe,
      clock,
      random,
      log,
      dependencies: this.#dependencies,
      onChange: changed => this.#changed(changed),
      onGone: gone => this.#gone(gone),
    });
    this.#runners.set(task.id, runner);
    if (task.status.state < local.status.state) this.#report(runner);
    for (const listener of this.#listeners) listener(runner);
    void runner.run();
  }

  #dismissOthers(named: ReadonlySet<string>): void {
    for (const [id, runner] of this.#runners) if (!named.has(id)) runner.dismiss();
    const leftOver = this.#found.filter(id => !named.has(id));
    this.#found = [];
    if (leftOver.length > 0) void this.#removeLeftOvers(leftOver);
    for (const id of this.#options.journal.ids()) if (!this.#runners.has(id)) this.#options.journal.forget(id);
  }

  /** Containers of this node's that the managers know nothing of: one after the other, and what failed again. */
  async #removeLeftOvers(taskIds: readonly string[]): Promise<void> {
    const { log, runtime } = this.#options;
    log.info("removing containers that no manager knows", { tasks: taskIds });
    const left = new Set(taskIds);
    await this.#persist("remove containers that no manager knows", async () => {
      let failure: unknown;
      for (const taskId of left) {
        try {
          await runtime.remove(taskId);
          left.delete(taskId);
        } catch (error) {
          failure = error;
        }
      }
      if (left.size > 0) throw failure;
    });
  }

  #changed(runner: TaskRunner): void {
    this.#options.journal.note(runner.task.id, runner.local);
    this.#report(runner);
    for (const listener of this.#listeners) listener(runner);
  }

  #report(runner: TaskRunner): void {
    this.#options.reporter.report(runner.task.id, runner.local.status);
  }

  #gone(runner: TaskRunner): void {
    const { id } = runner.task;
    this.#runners.delete(id);
    this.#options.journal.forget(id);
    this.#options.reporter.forget(id);
  }

  /** Tries until it works or the agent ends. */
  async #persist(what: string, run: () => Promise<void>, onFailure: (fault: Fault) => void = () => {}): Promise<void> {
    const { clock, random, log } = this.#options;
    const { signal } = this.#closing;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        return await run();
      } catch (error) {
        const fault = asFault(error);
        log.warn(`cannot ${what}`, { error: fault.message, attempt });
        onFailure(fault);
        await sleep(clock, backoffMs(engineBackoff, attempt, random.float()), signal);
      }
    }
  }
}
