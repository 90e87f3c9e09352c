import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { expect, it } from "vitest";
import { sampleService, sampleTask } from "../sim/samples.ts";
import { TaskSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { TaskSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { hasField, splitMessage } from "./wire-split.ts";

const task = sampleTask("t", sampleService("s", "web"), { slot: 7n, nodeId: "n" });
const { spec: specField, status: statusField } = TaskSchema.field;

it("takes fields out of a message, and leaves the others", () => {
  const { parts, rest } = splitMessage(toBinary(TaskSchema, task), [specField.number, statusField.number]);
  expect(parts.map(({ field }) => field)).toEqual([specField.number, statusField.number]);
  expect(fromBinary(TaskSpecSchema, parts[0]?.bytes ?? new Uint8Array())).toEqual(task.spec);
  const { spec: _, status: __, ...others } = task;
  expect(fromBinary(TaskSchema, rest)).toEqual(create(TaskSchema, others));
});

it("leaves a message as it is that has none of them", () => {
  const bytes = toBinary(TaskSchema, create(TaskSchema, { id: "t" }));
  expect(splitMessage(bytes, [specField.number])).toEqual({ parts: [], rest: bytes });
});

it("leaves a field that is of another kind than asked for", () => {
  const bytes = Uint8Array.of((specField.number << 3) | 0, 1);
  expect(splitMessage(bytes, [specField.number])).toEqual({ parts: [], rest: bytes });
});

it("throws at bytes that are no message", () => {
  const bytes = toBinary(TaskSchema, task);
  expect(() => splitMessage(bytes.subarray(0, bytes.length - 1), [specField.number])).toThrow();
});

it("says whether a field is there, and in one that is, without going past its end", () => {
  const bytes = toBinary(TaskSchema, task);
  const has = (field: number, within?: number): boolean => {
    const reader = new BinaryReader(bytes);
    const accept = within === undefined ? undefined : (end: number) => hasField(reader, end, within);
    return hasField(reader, bytes.length, field, accept);
  };
  const { spec, status, endpoint } = TaskSchema.field;
  expect([has(spec.number), has(status.number), has(endpoint.number)]).toEqual([true, true, false]);
  expect([has(spec.number, TaskSpecSchema.field.container.number), has(spec.number, 99)]).toEqual([true, false]);
});
