import { UsageHistory, type UsageSeries, usagePeriodMs, usageSamples } from "../model/usage-history.ts";
import type { MeasuredTask } from "../ports/runtime.ts";

/** Milliseconds of less than which no share of a processor is made: a timer's jitter would be most of it. */
const shortestMs = usagePeriodMs / 10;

interface Measured {
  readonly history: UsageHistory;
  readonly cpuSeconds: number | undefined;
}

/** What this node's tasks have used over the last hour. A task is forgotten as soon as it runs no more. */
export class UsageLog {
  #tasks = new Map<string, Measured>();
  #slot = 0;
  /** When the last measurement was made. */
  #atMs: number | undefined;

  /** The slot of the last measurement. */
  get slot(): number {
    return this.#slot;
  }

  /** Takes in a measurement of all tasks that run, made at `nowMs` of a clock that never goes back. */
  take(measured: readonly MeasuredTask[], nowMs: number): void {
    const passedMs = nowMs - (this.#atMs ?? nowMs);
    // One after the other, however the clock's ticks fall: a slot is left out only when a measurement was.
    this.#slot += Math.max(1, Math.round(passedMs / usagePeriodMs));
    this.#atMs = nowMs;
    const next = new Map<string, Measured>();
    for (const { taskId, cpuSeconds, memoryBytes = Number.NaN } of measured) {
      const before = this.#tasks.get(taskId);
      const history = before?.history ?? new UsageHistory();
      history.put(this.#slot, { cpus: busy(before?.cpuSeconds, cpuSeconds, passedMs), memoryBytes });
      next.set(taskId, { history, cpuSeconds });
    }
    this.#tasks = next;
  }

  /** Each task's samples after the slot `after`, up to the last: as far as the hour and its life go back. */
  since(after: number): [taskId: string, series: UsageSeries][] {
    const first = Math.max(after + 1, this.#slot - usageSamples + 1);
    if (first > this.#slot) return [];
    return [...this.#tasks].map(([id, { history }]) => [id, withoutBeginning(history.series(first, this.#slot))]);
  }
}

/** Processors kept busy between two measurements. A time that went back is that of other processes. */
function busy(before: number | undefined, now: number | undefined, passedMs: number): number {
  if (before === undefined || now === undefined || now < before || passedMs < shortestMs) return Number.NaN;
  return ((now - before) * 1000) / passedMs;
}

/** Without the time before anything was known. */
function withoutBeginning({ cpus, memoryBytes }: UsageSeries): UsageSeries {
  const begin = memoryBytes.findIndex((bytes, at) => !Number.isNaN(bytes) || !Number.isNaN(cpus[at] ?? Number.NaN));
  return begin <= 0 ? { cpus, memoryBytes } : { cpus: cpus.slice(begin), memoryBytes: memoryBytes.slice(begin) };
}
