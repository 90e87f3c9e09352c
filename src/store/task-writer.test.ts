import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { expect, it } from "vitest";
import { sampleTask } from "../sim/samples.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { type Task, TaskSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { sample } from "../wire/samples.test-kit.ts";
import { writeTask } from "./task-writer.ts";

/** Deep enough for the networks, and for the times of a meta. */
const depth = 2;
const anyTask = sample(TaskSchema, depth) as fc.Arbitrary<Task>;
const unknownField = new ByteWriter().tag(19_999, WireType.LengthDelimited).string("from tomorrow").copy();

function written(tasks: readonly Task[]): Uint8Array {
  const writer = new ByteWriter();
  for (const task of tasks) writeTask(writer, task);
  return writer.copy();
}

const expected = (tasks: readonly Task[]) => Buffer.concat(tasks.map(task => toBinary(TaskSchema, task)));

/** The first task with each of the other one's parts in turn, as tasks that were written together share them. */
function mixed(first: Task, second: Task): Task[] {
  const swapped = Object.entries(second).map(([key, value]) => ({ ...first, [key]: value }));
  const times = { ...first.meta, ...second.meta, $typeName: "docker.swarmkit.v1.Meta" as const };
  return [first, second, ...swapped, { ...second, meta: times }, first];
}

it("writes what toBinary does, whatever parts tasks share", () => {
  const same = (first: Task, second: Task) => {
    const tasks = mixed(first, second);
    expect(Buffer.from(written(tasks))).toEqual(expected(tasks));
  };
  fc.assert(fc.property(anyTask, anyTask, same), { numRuns: 40 });
});

it("writes every field, and what this version does not know", () => {
  const whole = fc.sample(anyTask, { numRuns: 60, seed: 1 });
  for (const { localName } of TaskSchema.fields) expect(whole.some(task => Object.hasOwn(task, localName))).toBe(true);
  for (const task of whole) {
    const read = fromBinary(TaskSchema, Buffer.concat([toBinary(TaskSchema, task), unknownField]));
    for (const part of [read.meta, read.status, read.annotations, read.networks[0]])
      if (part) part.$unknown = [{ no: 19_999, wireType: WireType.Varint, data: Uint8Array.of(7) }];
    expect(Buffer.from(written([read]))).toEqual(expected([read]));
  }
});

it("can be used again after a value that cannot be written", () => {
  const bad = { ...sampleTask("bad"), desiredState: 2 ** 40 };
  expect(() => written([bad])).toThrow();
  expect(Buffer.from(written([sampleTask("good")]))).toEqual(expected([sampleTask("good")]));
});
