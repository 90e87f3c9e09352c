import type { Task } from "../model/task.ts";
import { notesOf, withNotes } from "./task-notes.ts";
import type { Write } from "./write.ts";

const prefix = "node is drained: ";

/** What a task says that stays on a drained node for a while, in the place of its error, which is what `docker node ps` shows. */
export const drainRemarks = {
  replacement: `${prefix}runs on until its replacement runs`,
  turn: `${prefix}runs on until its turn to be replaced comes`,
  update: `${prefix}runs on until the update under way gets to it`,
  failed: `${prefix}runs on as long as it may, for its replacement failed`,
} as const;

/** Whether the task was seen staying on a drained node. */
export function isDrainNoted(task: Task): boolean {
  return task.annotations.indices.length > 0 && notesOf(task).drainSince !== undefined;
}

/** The task says why it stays and remembers since when; nothing when it does already. It came into its state when it did. */
export function withDrainNote(task: Task, remark: string, now: number): Write[] {
  const notes = notesOf(task);
  if (notes.drainSince !== undefined && task.status.err === remark) return [];
  const noted = withNotes(task, { ...notes, drainSince: notes.drainSince ?? now });
  return [{ kind: "update task", task: { ...noted, status: { ...noted.status, err: remark } } }];
}

/** The task stays for good. */
export function withoutDrainNote(task: Task): Write[] {
  const { drainSince: _, ...notes } = notesOf(task);
  const { status } = task;
  const err = status.err.startsWith(prefix) ? "" : status.err;
  return [{ kind: "update task", task: { ...withNotes(task, notes), status: { ...status, err } } }];
}
