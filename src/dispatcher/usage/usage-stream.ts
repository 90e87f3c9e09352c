import { create } from "@bufbuild/protobuf";
import { Fault } from "../../lib/fault.ts";
import { slotAt, type UsageSeries, usagePeriodMs, usageSamples } from "../../model/usage-history.ts";
import { type Clock, sleep } from "../../ports/clock.ts";
import { type UsageMessage, UsageMessageSchema, type WatchUsageRequest } from "../../wire/gen/shoal/v1/usage_pb.ts";
import type { UsageBoard, UsageOwner } from "./usage-board.ts";

/** Tasks that are told of one by one: more lines than that nobody can tell apart. */
export const maxToldTasks = 64;
/** Milliseconds into a slot by which the one before is final: who reports late has reported by then. */
const settledMs = usagePeriodMs / 4;

export interface UsageStreamParts {
  readonly board: UsageBoard;
  readonly clock: Clock;
  /** Aborts when the caller has gone, or this manager leads no more. */
  readonly signal: AbortSignal;
}

/** The last hour of the slots that are over, then each slot when it is. Fault invalid_argument for a request of nothing. */
export async function* usageMessages(
  { of }: WatchUsageRequest,
  { board, clock, signal }: UsageStreamParts,
): AsyncGenerator<UsageMessage, void> {
  const owner = ownerOf(of);
  let told = slotAt(clock.monotonic()) - 1;
  const chosen = new Set(board.tasksOf(owner, told).slice(0, maxToldTasks));
  yield message(board, owner, chosen, told - usageSamples + 2, told);
  while (!signal.aborted) {
    await sleep(clock, (told + 2) * usagePeriodMs + settledMs - clock.monotonic(), signal);
    if (signal.aborted) return;
    const last = slotAt(clock.monotonic()) - 1;
    for (const id of board.tasksOf(owner, last)) if (chosen.size < maxToldTasks) chosen.add(id);
    yield message(board, owner, chosen, told + 1, last);
    told = last;
  }
}

function ownerOf(of: WatchUsageRequest["of"]): UsageOwner {
  switch (of.case) {
    case "serviceId":
      return `service ${of.value}`;
    case "nodeId":
      return `node ${of.value}`;
    case undefined:
      throw new Fault("invalid_argument", "Cannot tell usage: it is not said whose");
    default:
      return of satisfies never;
  }
}

/** Tasks that are gone are told of no more, and make room for others. */
function message(board: UsageBoard, owner: UsageOwner, chosen: Set<string>, first: number, last: number): UsageMessage {
  const tasks = [...chosen].flatMap(taskId => {
    const series = board.of(taskId, first, last);
    if (!series) chosen.delete(taskId);
    return series ? [{ taskId, series: columns(series) }] : [];
  });
  return create(UsageMessageSchema, {
    total: columns(board.total(owner, first, last)),
    tasks,
    leftOut: board.tasksOf(owner, last).length - tasks.length,
  });
}

function columns({ cpus, memoryBytes }: UsageSeries) {
  return { cpus: [...cpus], memoryBytes: [...memoryBytes] };
}
