import { equals } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, it } from "vitest";
import { MetaSchema, TaskSchema, type Task as WireTask } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { TaskStatusSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { sample } from "../wire/samples.test-kit.ts";
import { newMeta } from "./objects.ts";
import type { Task } from "./task.ts";
import { changedMeta, changedStatus, laidOut } from "./task-layout.ts";

const unknown = { no: 19_999, wireType: 0, data: Uint8Array.of(1) };
/** With and without fields that this version does not know. */
const anyTask = fc.tuple(sample(TaskSchema), fc.boolean()).map(([message, later]) => {
  const task = message as WireTask;
  return (later ? { ...task, $unknown: [unknown] } : task) as Task;
});

it("keeps all that a task, its status and its meta say", () => {
  const kept = (task: Task) => {
    const meta = task.meta ?? newMeta();
    expect(equals(TaskSchema, laidOut(task, meta), { ...task, meta })).toBe(true);
    expect(laidOut(task, meta).$unknown).toBe(task.$unknown);
    expect(equals(MetaSchema, changedMeta(meta, meta), meta)).toBe(true);
    if (!task.status) return;
    const status = { ...task.status, $unknown: [unknown] };
    expect(equals(TaskStatusSchema, changedStatus(status, status), status)).toBe(true);
    expect(changedStatus(status, status).$unknown).toBe(status.$unknown);
  };
  fc.assert(fc.property(anyTask, kept));
});

it("lays all tasks out alike, whatever they were made of", () => {
  const tasks = fc.sample(anyTask, 50).filter(({ $unknown }) => !$unknown);
  const layouts = new Set(tasks.map(task => Object.keys({ ...laidOut(task, newMeta()) }).join()));
  expect([...layouts]).toEqual([Object.keys(laidOut(tasks[0] as Task, newMeta())).join()]);
});
