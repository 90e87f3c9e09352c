import type { Service, Task } from "./objects.ts";
import { isWanted, type Look, lookOf } from "./task.ts";

/** One task's time on its row. */
export interface Bar {
  readonly task: Task;
  readonly look: Look;
  /** When it was made, milliseconds since 1970. */
  readonly fromMs: number;
  /** Since when it is as it is now. */
  readonly sinceMs: number;
  /** When it ended; undefined while it goes on. */
  readonly toMs: number | undefined;
  /** Made by the update that goes on or was last. */
  readonly isRenewed: boolean;
}

/** What followed one another in a slot, or on a node. */
export interface Row {
  /** The slot's number, or for a global service the node's id. */
  readonly key: string;
  readonly bars: readonly Bar[];
}

/** A service's tasks by slot, in the order of the slots; in each the oldest first. */
export function rowsOf(tasks: Iterable<Task>, service: Service): Row[] {
  const updateMs = Date.parse(service.UpdateStatus?.StartedAt ?? "");
  const rows = new Map<string, Bar[]>();
  for (const task of tasks) {
    const key = slotOf(task);
    const bars = rows.get(key) ?? [];
    bars.push(barOf(task, updateMs));
    rows.set(key, bars);
  }
  return [...rows]
    .sort(([a], [b]) => bySlot(a, b))
    .map(([key, bars]) => ({ key, bars: bars.sort((a, b) => a.fromMs - b.fromMs) }));
}

/** The newest task of each slot, in the order of the slots. */
export function newestOf(tasks: Iterable<Task>): Task[] {
  const newest = new Map<string, Task>();
  for (const task of tasks) {
    const known = newest.get(slotOf(task));
    if (!known || known.CreatedAt < task.CreatedAt) newest.set(slotOf(task), task);
  }
  return [...newest].sort(([a], [b]) => bySlot(a, b)).map(([, task]) => task);
}

/** A task's slot; of a global service's its node. */
function slotOf({ Slot, NodeID = "" }: Task): string {
  return String(Slot ?? NodeID);
}

/** Slots by their number, nodes by their id. There may be thousands, to be put in order each second. */
function bySlot(a: string, b: string): number {
  const order = Number(a) - Number(b);
  return Number.isNaN(order) ? Number(a > b) - Number(a < b) : order;
}

/** When a task was made and since when it is as it is: there may be thousands, and none of them ever says something else. */
const moments = new WeakMap<Task, { readonly fromMs: number; readonly sinceMs: number }>();

function momentsOf(task: Task) {
  const known = moments.get(task) ?? { fromMs: Date.parse(task.CreatedAt), sinceMs: Date.parse(task.Since) };
  moments.set(task, known);
  return known;
}

function barOf(task: Task, updateMs: number): Bar {
  const { fromMs, sinceMs } = momentsOf(task);
  const look = lookOf(task);
  const hasEnded = look === "failed" || look === "stopped" || look === "done";
  return { task, look, fromMs, sinceMs, toMs: hasEnded ? sinceMs : undefined, isRenewed: fromMs >= updateMs };
}

/** Whether something has failed in it, as far back as that is kept. */
export function hasFailed({ bars }: Row): boolean {
  return bars.some(({ look }) => look === "failed");
}

/** How far an update has come. */
export interface UpdateProgress {
  /** Slots whose task the update has made and which runs. */
  readonly renewed: number;
  readonly slots: number;
  /** Slots whose task is being replaced right now. */
  readonly replacing: readonly string[];
  /** Tasks of the update that failed. */
  readonly failures: number;
}

/** How far the update is that goes on or was last. */
export function progressOf(rows: readonly Row[]): UpdateProgress {
  const wanted = rows.filter(({ bars }) => bars.some(({ task }) => isWanted(task)));
  const last = wanted.map(({ key, bars }) => ({ key, bar: bars.findLast(({ task }) => isWanted(task)) }));
  return {
    renewed: last.filter(({ bar }) => bar?.isRenewed && bar.look === "running").length,
    slots: wanted.length,
    replacing: last.filter(({ bar }) => bar?.isRenewed && bar.look !== "running").map(({ key }) => key),
    failures: rows.flatMap(({ bars }) => bars).filter(({ isRenewed, look }) => isRenewed && look === "failed").length,
  };
}

/** A part of time, milliseconds since 1970. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const minuteMs = 60_000;
const longest = ["day", 24 * 60 * minuteMs] as const;
/** How much of the past can be looked at. */
export const ranges = [
  ["2 minutes", 2 * minuteMs],
  ["10 minutes", 10 * minuteMs],
  ["hour", 60 * minuteMs],
  longest,
] as const;
export type RangeMs = (typeof ranges)[number][1];

/** The shortest range in which the newest half of what happened lies: who comes to look wants to see what changes. */
export function rangeFor(rows: readonly Row[], nowMs: number): RangeMs {
  const ages = rows.flatMap(({ bars }) => bars.map(({ fromMs }) => nowMs - fromMs)).sort((a, b) => a - b);
  const middle = ages[Math.floor(ages.length / 2)] ?? 0;
  return (ranges.find(([, ms]) => middle < ms) ?? longest)[1];
}

/** Where something lies in a span, in percent of it. Undefined when it lies outside. */
export function placeOf(
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  span: Span,
): { readonly left: number; readonly width: number } | undefined {
  if (toMs < span.fromMs || fromMs > span.toMs) return undefined;
  const whole = span.toMs - span.fromMs;
  const left = ((Math.max(fromMs, span.fromMs) - span.fromMs) / whole) * 100;
  return { left, width: ((Math.min(toMs, span.toMs) - span.fromMs) / whole) * 100 - left };
}

/** Round moments in a span, to be written below it: two to seven. */
export function ticksOf({ fromMs, toMs }: Span): number[] {
  const step = ([1, 2, 10, 240] as const).map(each => each * minuteMs).find(each => (toMs - fromMs) / each <= 6.5);
  if (step === undefined) return [];
  const first = Math.ceil(fromMs / step) * step;
  return Array.from({ length: Math.floor((toMs - first) / step) + 1 }, (_, at) => first + at * step);
}
