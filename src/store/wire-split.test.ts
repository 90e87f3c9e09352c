import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { sampleService, sampleTask } from "../sim/samples.ts";
import { TaskSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { TaskSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { splitMessage } from "./wire-split.ts";

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
