import { same } from "../lib/same.ts";
import type { Task } from "../model/task.ts";
import { toTimestamp } from "../model/time.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Store } from "../store/store.ts";
import type { WriteTx } from "../store/tx.ts";
import { TaskState, type TaskStatus } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Least time between two rounds of writes: the first status goes at once, what comes soon after goes together. */
const roundPeriodMs = 50;
/** SwarmKit: objects changed in one log entry. */
const statusesPerWrite = 200;
/** Longest message and error text kept, in characters. */
const textLimit = 4_096;

export interface ReportedStatus {
  readonly nodeId: string;
  readonly taskId: string;
  readonly status: TaskStatus;
}

/**
 * Gathers the task statuses that agents report, the newest of each task, and writes many at once. There are never more
 * waiting than there are tasks.
 */
export class StatusBatch {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #managerId: string;
  #pending = new Map<string, ReportedStatus>();
  #next: Promise<void> | undefined;
  #lastRound = Number.NEGATIVE_INFINITY;

  constructor(options: { store: Store; clock: Clock; managerId: string }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#managerId = options.managerId;
  }

  /** Resolves when the statuses are stored (or found to be old), rejects when that is not known. */
  submit(reports: readonly ReportedStatus[]): Promise<void> {
    for (const report of reports) {
      const waiting = this.#pending.get(report.taskId);
      if (!waiting || waiting.status.state <= report.status.state) this.#pending.set(report.taskId, report);
    }
    this.#next ??= this.#round();
    return this.#next;
  }

  async #round(): Promise<void> {
    const wait = this.#lastRound + roundPeriodMs - this.#clock.monotonic();
    // Even without a wait the round begins after `submit` has noted it, and takes in what comes at the same moment.
    await (wait > 0 ? sleep(this.#clock, wait) : Promise.resolve());
    const reports = [...this.#pending.values()];
    this.#pending = new Map();
    this.#next = undefined;
    this.#lastRound = this.#clock.monotonic();
    const writes: Promise<void>[] = [];
    for (let from = 0; from < reports.length; from += statusesPerWrite) {
      const some = reports.slice(from, from + statusesPerWrite);
      writes.push(this.#store.update(tx => this.#write(tx, some)));
    }
    await Promise.all(writes);
  }

  #write(tx: WriteTx, reports: readonly ReportedStatus[]): void {
    const appliedAt = toTimestamp(this.#clock.now());
    for (const { nodeId, taskId, status } of reports) {
      const task = tx.task.get(taskId);
      if (!task || task.nodeId !== nodeId || !isNews(task, status)) continue;
      tx.task.update({ ...task, status: { ...bounded(status), appliedBy: this.#managerId, appliedAt } });
    }
  }
}

/** States only ever move up; within a state, texts and details may change. */
function isNews({ status: stored }: Task, reported: TaskStatus): boolean {
  if (reported.state < TaskState.ASSIGNED || reported.state > TaskState.REJECTED) return false;
  if (reported.state !== stored.state) return reported.state > stored.state;
  const { appliedBy, appliedAt } = stored;
  return !same(stored, { ...bounded(reported), appliedBy, appliedAt });
}

function bounded(status: TaskStatus): TaskStatus {
  return { ...status, message: status.message.slice(0, textLimit), err: status.err.slice(0, textLimit) };
}
