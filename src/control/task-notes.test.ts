import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { IndexEntrySchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aService, aTask } from "./objects.test-kit.ts";
import { maxRestartTimes, notesOf, type TaskNotes, withNotes } from "./task-notes.ts";

const task = aTask(aService("s"), "t");

it.each<TaskNotes>([
  {},
  { startAfter: 1_700_000_000_123 },
  { restarts: 3, restartTimes: [1, 2, 3] },
  { updateStart: 5, ranAt: 6 },
  { crashes: 12 },
  { startAfter: 0, restarts: 0, updateStart: 0, ranAt: 0 },
])("reads what it wrote: %j", notes => {
  expect(notesOf(withNotes(task, notes))).toEqual(notes);
});

it("leaves other entries and the labels alone, and replaces its own", () => {
  const other = create(IndexEntrySchema, { key: "other", val: "x" });
  const before = { ...task, annotations: { ...task.annotations, labels: { a: "b" }, indices: [other] } };
  const after = withNotes(withNotes(before, { startAfter: 1, ranAt: 2 }), { ranAt: 3 });
  expect(notesOf(after)).toEqual({ ranAt: 3 });
  expect(after.annotations.labels).toEqual({ a: "b" });
  expect(after.annotations.indices).toContainEqual(other);
  expect(before.annotations.indices).toEqual([other]);
});

it("remembers a bounded number of restarts, the latest", () => {
  const restartTimes = Array.from({ length: maxRestartTimes + 5 }, (_, i) => i);
  expect(notesOf(withNotes(task, { restartTimes })).restartTimes).toEqual(restartTimes.slice(5));
});
