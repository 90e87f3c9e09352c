import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { sampleNode, sampleService, sampleTask } from "../sim/samples.ts";
import { TaskSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { InternalRaftRequestSchema } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { StoreSnapshotSchema } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import type { Change } from "./change.ts";
import { toRequest } from "./changes.ts";
import { decodeRequest, decodeSnapshot, encodeRequest, encodeSnapshot } from "./encoding.ts";
import { TaskReader } from "./task-reader.ts";

const service = sampleService("s", "web");
const changes: Record<string, Change[]> = {
  nothing: [],
  "a node": [{ kind: "node", action: "create", object: sampleNode("n") }],
  "tasks that share their spec": ["a", "b"].map(id => ({
    kind: "task",
    action: "update",
    object: sampleTask(id, service, { slot: 7n, nodeId: "n" }),
  })),
  "a task of no service": [{ kind: "task", action: "create", object: sampleTask("t") }],
  "a removed task": [{ kind: "task", action: "remove", id: "t" }],
};

describe("a log entry", () => {
  it.each(Object.entries(changes))("is read as what went in: %s", (_, made) => {
    const request = toRequest(9n, made);
    expect(fromBinary(InternalRaftRequestSchema, encodeRequest(request))).toEqual(request);
    expect(decodeRequest(encodeRequest(request), new TaskReader())).toEqual(request);
    expect(decodeRequest(toBinary(InternalRaftRequestSchema, request), new TaskReader())).toEqual(request);
  });

  it("keeps what this version does not know", () => {
    const request = create(
      InternalRaftRequestSchema,
      toRequest(9n, [...(changes["tasks that share their spec"] ?? [])]),
    );
    const field = { no: 900, wireType: 0, data: Uint8Array.of(1) };
    request.$unknown = [field];
    for (const action of request.action) {
      action.$unknown = [field];
      if (action.target.value) action.target.value.$unknown = [field];
    }
    expect(fromBinary(InternalRaftRequestSchema, encodeRequest(request))).toEqual(request);
    expect(decodeRequest(encodeRequest(request), new TaskReader())).toEqual(request);
  });

  it("gives tasks with equal specs one between them, over several entries", () => {
    const reader = new TaskReader();
    const [first, second] = ["a", "b"].map(id => {
      const object = sampleTask(id, sampleService("s", "web"));
      const bytes = encodeRequest(toRequest(9n, [{ kind: "task", action: "create", object }]));
      const { target } = decodeRequest(bytes, reader).action[0] ?? {};
      return target?.case === "task" ? target.value : undefined;
    });
    expect(first?.spec).toEqual(service.spec.task);
    expect(second?.spec).toBe(first?.spec);
    expect(second?.serviceAnnotations).toBe(first?.serviceAnnotations);
  });

  it("merges what comes twice, as protobuf wants it", () => {
    const twice = Buffer.concat([
      toBinary(TaskSchema, create(TaskSchema, { id: "t", spec: { forceUpdate: 3n } })),
      toBinary(TaskSchema, create(TaskSchema, { spec: { logDriver: { name: "x" } } })),
    ]);
    expect(new TaskReader().read(twice)).toEqual(fromBinary(TaskSchema, twice));
  });
});

it("a snapshot is read as what went in", () => {
  const tasks = ["a", "b"].map(id => sampleTask(id, service));
  const snapshot = create(StoreSnapshotSchema, { nodes: [sampleNode("n")], services: [service], tasks });
  expect(fromBinary(StoreSnapshotSchema, encodeSnapshot(snapshot))).toEqual(snapshot);
  const read = decodeSnapshot(encodeSnapshot(snapshot), new TaskReader());
  expect(read).toEqual(snapshot);
  expect(read.tasks[1]?.spec).toBe(read.tasks[0]?.spec);
});
