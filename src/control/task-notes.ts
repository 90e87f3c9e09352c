import { create } from "@bufbuild/protobuf";
import type { Task } from "../model/task.ts";
import { AnnotationsSchema, IndexEntrySchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/**
 * What the loops must remember of a task and cannot derive from anything else that is stored. It is kept with the task,
 * so that the next leader knows it: in the annotations' index entries, which no client of Docker's is shown and SwarmKit
 * leaves alone. Times are wall times in milliseconds.
 */
export interface TaskNotes {
  /** A task that is kept ready is not to be started before this: the restart delay. */
  readonly startAfter?: number;
  /** How many restarts led to this task, of those made with its spec. */
  readonly restarts?: number;
  /** When the latest of these restarts were made, oldest first. */
  readonly restartTimes?: readonly number[];
  /** How many tasks in a row failed right after their start before this one. */
  readonly crashes?: number;
  /** Made by the rolling update that started then, which follows how it fares. */
  readonly updateStart?: number;
  /** When a task of a rolling update was first seen running. */
  readonly ranAt?: number;
  /** When it was first seen running on a drained node, which it leaves when its replacement runs. */
  readonly drainSince?: number;
  /** It replaces one that had got its node: it does not wait once more for what its service depends on. */
  readonly replaces?: true;
}

/** Restart times remembered. Policies that allow more restarts in their window are never used up. */
export const maxRestartTimes = 100;

const prefix = "shoal.";

export function notesOf(task: Task): TaskNotes {
  const entries = new Map(task.annotations.indices.map(({ key, val }) => [key, val]));
  const numberOf = (name: string) => {
    const text = entries.get(prefix + name);
    return text === undefined ? undefined : Number(text);
  };
  const startAfter = numberOf("start-after");
  const restarts = numberOf("restarts");
  const crashes = numberOf("crashes");
  const times = entries.get(`${prefix}restart-times`);
  const updateStart = numberOf("update-start");
  const ranAt = numberOf("ran-at");
  const drainSince = numberOf("drain-since");
  return {
    ...(startAfter !== undefined && { startAfter }),
    ...(restarts !== undefined && { restarts }),
    ...(times !== undefined && { restartTimes: times.split(",").map(Number) }),
    ...(crashes !== undefined && { crashes }),
    ...(updateStart !== undefined && { updateStart }),
    ...(ranAt !== undefined && { ranAt }),
    ...(drainSince !== undefined && { drainSince }),
    ...(entries.has(`${prefix}replaces`) && { replaces: true }),
  };
}

/** The task with its notes replaced. */
export function withNotes(task: Task, notes: TaskNotes): Task {
  const others = task.annotations.indices.filter(({ key }) => !key.startsWith(prefix));
  const entries: [string, string][] = [];
  if (notes.startAfter !== undefined) entries.push(["start-after", String(notes.startAfter)]);
  if (notes.restarts !== undefined) entries.push(["restarts", String(notes.restarts)]);
  if (notes.restartTimes?.length) entries.push(["restart-times", notes.restartTimes.slice(-maxRestartTimes).join(",")]);
  if (notes.crashes !== undefined) entries.push(["crashes", String(notes.crashes)]);
  if (notes.updateStart !== undefined) entries.push(["update-start", String(notes.updateStart)]);
  if (notes.ranAt !== undefined) entries.push(["ran-at", String(notes.ranAt)]);
  if (notes.drainSince !== undefined) entries.push(["drain-since", String(notes.drainSince)]);
  if (notes.replaces) entries.push(["replaces", "true"]);
  const indices = entries.map(([key, val]) => create(IndexEntrySchema, { key: prefix + key, val }));
  const annotations = create(AnnotationsSchema, { ...task.annotations, indices: [...others, ...indices] });
  return { ...task, annotations };
}
