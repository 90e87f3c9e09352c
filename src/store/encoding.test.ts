import { create, fromBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { sampleNode, sampleService, sampleTask } from "../sim/samples.ts";
import { InternalRaftRequestSchema } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import type { Change } from "./change.ts";
import { toRequest } from "./changes.ts";
import { encodeRequest } from "./encoding.ts";

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

describe("encodeRequest", () => {
  it.each(Object.entries(changes))("is read as what went in: %s", (_, made) => {
    const request = toRequest(9n, made);
    expect(fromBinary(InternalRaftRequestSchema, encodeRequest(request))).toEqual(request);
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
  });
});
