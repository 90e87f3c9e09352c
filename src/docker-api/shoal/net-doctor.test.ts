import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../../lib/fault.ts";
import { ListNodesResponseSchema } from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { NodeSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  NodeExaminationSchema,
  NodeExamination_Outcome as Outcome,
  NetworkFinding_Severity as Severity,
} from "../../wire/gen/shoal/v1/doctor_pb.ts";
import { TestApi } from "../api.test-kit.ts";
import { fakeControl, managing, working } from "../fakes.test-kit.ts";

let api: TestApi;
let asked: unknown;
const nodes = ["b", "a"].map(id => create(NodeSchema, { id, description: { hostname: `host-${id}` } }));

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  api.backend.current = managing;
  api.backend.client = fakeControl({
    getNode: () => Promise.reject(new Fault("not_found", "node not found")),
    listNodes: async ({ filters }) => {
      const { names = [], idPrefixes = [] } = filters ?? {};
      const found = nodes.filter(
        ({ id, description }) =>
          (names.length === 0 || names.includes(description?.hostname ?? "")) &&
          (idPrefixes.length === 0 || idPrefixes.includes(id)),
      );
      return create(ListNodesResponseSchema, { nodes: found });
    },
  });
  api.backend.doctorClient = {
    async *examine(request) {
      asked = request;
      yield create(NodeExaminationSchema, { nodeId: "b", outcome: Outcome.NOT_REACHED, reason: "it is down" });
      const finding = { severity: Severity.WARNING, subject: "port 80/tcp", problem: "x", next: "y" };
      const parts = { networks: 2, names: 7 };
      const paths = [{ nodeId: "b", network: "back", address: "10.0.1.4", mtu: 1450 }];
      yield create(NodeExaminationSchema, { nodeId: "a", findings: [finding], parts, paths });
    },
  };
});

describe("POST /shoal/net/doctor", () => {
  it("gives what was found on every node, in order of their names", async () => {
    const answer = await api.call("POST", "/shoal/net/doctor", { Repair: true });
    expect(asked).toEqual({ nodeIds: [], repair: true });
    expect(answer.json).toMatchObject({
      Nodes: [
        {
          ...{ ID: "a", Hostname: "host-a", Outcome: "examined", Compared: { Networks: 2, Names: 7, Rules: 0 } },
          Findings: [{ Severity: "warning", Subject: "port 80/tcp", Problem: "x", Next: "y", Repaired: false }],
          Paths: [{ NodeID: "b", Network: "back", Address: "10.0.1.4", MTU: 1450 }],
        },
        { ID: "b", Outcome: "not-reached", Reason: "it is down", Findings: [] },
      ],
    });
  });

  it("takes a node by its name", async () => {
    await api.call("POST", "/shoal/net/doctor", { Node: "host-b" });
    expect(asked).toEqual({ nodeIds: ["b"], repair: false });
  });

  it("knows no such node", async () => {
    expect((await api.call("POST", "/shoal/net/doctor", { Node: "nope" })).status).toBe(404);
  });

  it("is refused where there is no manager", async () => {
    api.backend.current = working;
    expect((await api.call("POST", "/shoal/net/doctor", {})).status).toBe(503);
  });
});
