import { Fault } from "../../lib/fault.ts";
import { slotAt, usagePeriodMs, usageSamples } from "../../model/usage-history.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import type { CallContext } from "../../ports/transport.ts";
import type { Store } from "../../store/store.ts";
import type { StoreEvent } from "../../store/tx.ts";
import type { UsageMessage, UsageReport, WatchUsageRequest } from "../../wire/gen/shoal/v1/usage_pb.ts";
import { UsageBoard } from "./usage-board.ts";
import { usageMessages } from "./usage-stream.ts";

/** Streams of usage at a time: each looks at all that is measured once a period. */
const maxStreams = 256;
/** Share of a slot to whose middle reports are asked to come: a little late or early, they still fall into it. */
const middle = 0.5;

export interface UsageServiceParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/** Takes the nodes' reports in and tells of them, for one reign. */
export class UsageService {
  readonly #parts: UsageServiceParts;
  readonly #board = new UsageBoard();
  readonly #over = new AbortController();
  #streams = 0;

  constructor(parts: UsageServiceParts) {
    this.#parts = parts;
  }

  /** Fault permission_denied, and nothing is taken, when one of the tasks is another node's. Returns when the next is wanted, in milliseconds. */
  report(nodeId: string, { tasks }: UsageReport): number {
    const { store, clock, random } = this.#parts;
    const nowMs = clock.monotonic();
    const known = store.view(tx =>
      tasks.flatMap(({ taskId, series }) => {
        const task = tx.task.get(taskId);
        if (task && task.nodeId !== nodeId)
          throw new Fault("permission_denied", "cannot report the usage of a task not assigned this node");
        return task && series ? [{ task, series }] : [];
      }),
    );
    for (const { task, series } of known) {
      if (series.cpus.length !== series.memoryBytes.length || series.cpus.length > usageSamples)
        throw new Fault("invalid_argument", "Cannot take a report: its samples are not an hour's pairs");
      this.#board.take(task, { cpus: series.cpus.map(valid), memoryBytes: series.memoryBytes.map(valid) }, nowMs);
    }
    const spread = middle + (random.float() - middle) / 2;
    return Math.round((slotAt(nowMs) + 1 + spread) * usagePeriodMs - nowMs);
  }

  /** What a service's or node's tasks use; ends with unavailable when this manager leads no more. */
  async *watch(request: WatchUsageRequest, context: CallContext): AsyncGenerator<UsageMessage, void> {
    if (this.#streams >= maxStreams)
      throw new Fault("resource_exhausted", `Cannot tell usage: ${maxStreams} streams are open already`);
    const signal = AbortSignal.any([context.signal, this.#over.signal]);
    this.#streams += 1;
    try {
      yield* usageMessages(request, { board: this.#board, clock: this.#parts.clock, signal });
    } finally {
      this.#streams -= 1;
    }
    if (this.#over.signal.aborted) throw new Fault("unavailable", "dispatcher is stopped");
  }

  observe(event: StoreEvent): void {
    this.#board.observe(event);
  }

  stop(): void {
    this.#over.abort();
  }
}

/** What a node says is not to spoil a sum: less than nothing, or without end, is not known. */
function valid(value: number): number {
  return Number.isFinite(value) && value >= 0 ? value : Number.NaN;
}
