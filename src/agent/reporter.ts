import { Bell, onAbort } from "../lib/bell.ts";
import { asFault } from "../lib/fault.ts";
import type { Logger } from "../ports/log.ts";
import type { TaskStatus } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Statuses in one call. */
const statusesPerCall = 1_000;

export interface StatusReport {
  readonly taskId: string;
  readonly status: TaskStatus;
}

/**
 * Holds the statuses that no manager has accepted yet: the newest of each task, so never more than there are tasks.
 * Outlives sessions: what could not be sent in one goes out in the next.
 */
export class Reporter {
  readonly #pending = new Map<string, TaskStatus>();
  readonly #bell = new Bell();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Statuses that wait to be accepted. */
  get waiting(): number {
    return this.#pending.size;
  }

  report(taskId: string, status: TaskStatus): void {
    this.#pending.set(taskId, status);
    this.#bell.ring();
  }

  /** The managers do not know the task any more. */
  forget(taskId: string): void {
    this.#pending.delete(taskId);
  }

  /** Sends what there is and what comes, until `signal` aborts. Rejects when a call fails. */
  async run(send: (reports: readonly StatusReport[]) => Promise<unknown>, signal: AbortSignal): Promise<void> {
    const unhook = onAbort(signal, () => this.#bell.ring());
    let limit = statusesPerCall;
    try {
      while (!signal.aborted) {
        const reports = [...this.#pending].slice(0, limit).map(([taskId, status]) => ({ taskId, status }));
        if (reports.length === 0) {
          await this.#bell.wait();
          continue;
        }
        limit = (await this.#deliver(reports, send)) ? statusesPerCall : 1;
      }
    } finally {
      unhook();
    }
  }

  /** False when the manager refused the whole batch for the sake of one: then they go one by one. */
  async #deliver(
    reports: readonly StatusReport[],
    send: (reports: readonly StatusReport[]) => Promise<unknown>,
  ): Promise<boolean> {
    try {
      await send(reports);
    } catch (error) {
      const fault = asFault(error);
      if (fault.code !== "permission_denied") throw fault;
      if (reports.length > 1) return false;
      this.#log.error("a manager refuses a task's status", { task: reports[0]?.taskId, error: fault.message });
    }
    for (const { taskId, status } of reports) if (this.#pending.get(taskId) === status) this.#pending.delete(taskId);
    return true;
  }
}
