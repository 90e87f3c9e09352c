import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noLeader, noLeaderText } from "../../consensus/leadership.ts";
import { Fault } from "../../lib/fault.ts";
import {
  GetNodeResponseSchema,
  ListNodesResponseSchema,
  RemoveNodeResponseSchema,
  UpdateNodeResponseSchema,
} from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { NodeSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { NodeSpec_Availability, NodeSpec_Membership } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { NodeRole, RaftMemberStatus_Reachability } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { TestApi } from "../api.test-kit.ts";
import { type ControlMethods, fakeControl, inactive, managing } from "../fakes.test-kit.ts";
import { rootPem, rootPublicKey, rootSubject, sampleManager, sampleNode } from "../samples.test-kit.ts";

const nodes = [
  sampleManager("qvmvykqjrxccfq1k9p09s6qdv"),
  sampleNode("l6ofpm9uhzjcnsyipger0e9qk"),
  sampleNode("l6aaa", "other"),
];
let asked: { what: string; request: unknown }[] = [];

/** Look-ups as the cluster's API has them; writes are remembered. */
const methods: ControlMethods = {
  getNode: async ({ nodeId }) => {
    const node = nodes.find(({ id }) => id === nodeId);
    if (!node) throw new Fault("not_found", `node ${nodeId} not found`);
    return create(GetNodeResponseSchema, { node });
  },
  listNodes: async ({ filters }) => {
    asked.push({ what: "list", request: filters });
    const found = nodes.filter(
      ({ id, description }) =>
        (filters?.names ?? []).every(name => name === description?.hostname) &&
        (filters?.idPrefixes ?? []).every(prefix => id.startsWith(prefix)),
    );
    return create(ListNodesResponseSchema, { nodes: found });
  },
  updateNode: async request => {
    asked.push({ what: "update", request });
    return create(UpdateNodeResponseSchema, {});
  },
  removeNode: async request => {
    asked.push({ what: "remove", request });
    return create(RemoveNodeResponseSchema, {});
  },
};

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  asked = [];
  api.backend.current = managing;
  api.backend.client = fakeControl(methods);
});

const filtered = (filters: object) => `/nodes?filters=${encodeURIComponent(JSON.stringify(filters))}`;

describe("GET /nodes", () => {
  it("shows nodes in Docker's form", async () => {
    const answer = await api.call("GET", "/nodes");
    const [manager, worker] = answer.json as [object, object];
    expect(worker).toEqual({
      ID: "l6ofpm9uhzjcnsyipger0e9qk",
      Version: { Index: 10 },
      CreatedAt: "2026-11-21T11:47:30.536955468Z",
      UpdatedAt: "2026-11-21T11:47:31.072088422Z",
      Spec: { Labels: {}, Role: "worker", Availability: "active" },
      Description: {
        Hostname: "vm",
        Platform: { Architecture: "x86_64", OS: "linux" },
        Resources: { NanoCPUs: 2_000_000_000, MemoryBytes: 25_276_510_208 },
        Engine: { EngineVersion: "20.10.24+dfsg1", Plugins: [{ Type: "Log", Name: "json-file" }] },
        TLSInfo: { TrustRoot: rootPem, CertIssuerSubject: rootSubject, CertIssuerPublicKey: rootPublicKey },
      },
      Status: { State: "ready", Addr: "10.77.0.4" },
    });
    expect(manager).toMatchObject({
      Spec: { Role: "manager" },
      ManagerStatus: { Leader: true, Reachability: "reachable", Addr: "10.77.0.3:2377" },
    });
  });

  it("shows managers that follow, and one that does not answer", async () => {
    const managers = ["m1", "m2", "m3"].map(sampleManager);
    for (const { managerStatus } of managers.slice(1)) managerStatus!.leader = false;
    managers[2]!.managerStatus!.reachability = RaftMemberStatus_Reachability.UNREACHABLE;
    api.backend.client = fakeControl({ listNodes: async () => create(ListNodesResponseSchema, { nodes: managers }) });
    const shown = (await api.call("GET", "/nodes")).json as { ManagerStatus: unknown }[];
    expect(shown.map(({ ManagerStatus }) => ManagerStatus)).toEqual([
      { Leader: true, Reachability: "reachable", Addr: "10.77.0.3:2377" },
      { Reachability: "reachable", Addr: "10.77.0.3:2377" },
      { Reachability: "unreachable", Addr: "10.77.0.3:2377" },
    ]);
  });

  it("passes every filter on", async () => {
    await api.call(
      "GET",
      filtered({
        name: ["v"],
        id: { l6: true },
        label: ["ssd"],
        "node.label": ["zone=a"],
        role: ["manager"],
        membership: ["accepted"],
      }),
    );
    expect(asked[0]?.request).toEqual({
      namePrefixes: ["v"],
      idPrefixes: ["l6"],
      labels: { ssd: "" },
      nodeLabels: { zone: "a" },
      roles: [NodeRole.MANAGER],
      memberships: [NodeSpec_Membership.ACCEPTED],
    });
  });

  it.each([
    [{ bogus: ["x"] }, 400, "Invalid filter 'bogus'"],
    [{ role: ["king"] }, 500, "Invalid role filter: 'king'"],
    [{ membership: ["x"] }, 500, "Invalid membership filter: 'x'"],
  ])("refuses %j", async (filters, status, message) => {
    const answer = await api.call("GET", filtered(filters));
    expect([answer.status, answer.json]).toEqual([status, { message }]);
  });

  it("is 503 where there is no manager", async () => {
    api.backend.current = inactive;
    expect((await api.call("GET", "/nodes")).status).toBe(503);
  });
});

describe("GET /nodes/{id}", () => {
  it.each([
    ["l6ofpm9uhzjcnsyipger0e9qk", "l6ofpm9uhzjcnsyipger0e9qk"],
    ["qvmvy", "qvmvykqjrxccfq1k9p09s6qdv"],
    ["other", "l6aaa"],
  ])("finds %s", async (reference, id) => {
    expect((await api.call("GET", `/nodes/${reference}`)).json).toMatchObject({ ID: id });
  });

  it.each([
    ["nope", 404, "node nope not found"],
    ["vm", 400, "node vm is ambiguous (2 matches found)"],
    ["l6", 400, "node l6 is ambiguous (2 matches found)"],
  ])("does not find %s", async (reference, status, message) => {
    for (const method of ["GET", "DELETE"]) {
      const answer = await api.call(method, `/nodes/${reference}`);
      expect([answer.status, answer.json]).toEqual([status, { message }]);
    }
  });

  it("shows a node that has not reported yet", async () => {
    const node = create(NodeSchema, { id: "new" });
    api.backend.client = fakeControl({ getNode: async () => create(GetNodeResponseSchema, { node }) });
    expect((await api.call("GET", "/nodes/new")).json).toMatchObject({
      ID: "new",
      Description: { Platform: {}, Resources: {}, Engine: {}, TLSInfo: {} },
      Status: { State: "unknown" },
    });
  });
});

describe("POST /nodes/{id}/update", () => {
  it("answers an empty 200 and keeps the membership", async () => {
    const body = { Labels: { zone: "a" }, Role: "Manager", Availability: "drain" };
    const answer = await api.call("POST", "/nodes/l6ofp/update?version=42", body);
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(asked.find(({ what }) => what === "update")?.request).toMatchObject({
      nodeId: "l6ofpm9uhzjcnsyipger0e9qk",
      nodeVersion: { index: 42n },
      spec: {
        annotations: { name: "", labels: { zone: "a" } },
        desiredRole: NodeRole.MANAGER,
        membership: NodeSpec_Membership.ACCEPTED,
        availability: NodeSpec_Availability.DRAIN,
      },
    });
  });

  it.each([
    ["?version=1", { Role: "bogus" }, 400, 'invalid Role: "bogus"'],
    ["?version=1", { Availability: "bogus" }, 400, 'invalid Availability: "bogus"'],
    ["?version=1", { Labels: 1 }, 400, "json: cannot unmarshal number 1 into Go struct field Labels of type struct"],
    ["", {}, 400, "invalid node version '': strconv.ParseUint: parsing \"\": invalid syntax"],
  ])("%s %j is refused", async (query, body, status, message) => {
    const answer = await api.call("POST", `/nodes/l6aaa/update${query}`, body);
    expect([answer.status, answer.json]).toEqual([status, { message }]);
    expect(asked).toEqual([]);
  });

  it("knows no such node", async () => {
    const answer = await api.call("POST", "/nodes/nope/update?version=1", { Role: "worker" });
    expect([answer.status, answer.json]).toEqual([404, { message: "node nope not found" }]);
  });
});

describe("DELETE /nodes/{id}", () => {
  it("answers 200 and passes force on", async () => {
    for (const [query, force] of [
      ["", false],
      ["?force=1", true],
      ["?force=0", false],
    ] as const) {
      asked = [];
      const answer = await api.call("DELETE", `/nodes/l6aaa${query}`);
      expect([answer.status, answer.text]).toEqual([200, ""]);
      expect(asked.find(({ what }) => what === "remove")?.request).toEqual({ nodeId: "l6aaa", force });
    }
  });

  it("shows the cluster's refusal", async () => {
    const refuse = () =>
      Promise.reject(new Fault("failed_precondition", "node l6aaa is not down and can't be removed"));
    api.backend.client = fakeControl({ ...methods, removeNode: refuse });
    expect(await api.call("DELETE", "/nodes/l6aaa")).toMatchObject({
      status: 400,
      json: { message: "rpc error: code = FailedPrecondition desc = node l6aaa is not down and can't be removed" },
    });
  });

  it("says that there is no leader as dockerd does, after one try", async () => {
    let tries = 0;
    const leaderless = () => {
      tries += 1;
      return Promise.reject(noLeader());
    };
    api.backend.client = fakeControl({ getNode: leaderless, listNodes: leaderless });
    const expected = { status: 500, json: { message: `rpc error: code = Unknown desc = ${noLeaderText}` } };
    expect(await api.call("GET", "/nodes")).toMatchObject(expected);
    expect(await api.call("GET", "/nodes/x")).toMatchObject(expected);
    expect(tries).toBe(2);
  });

  it("tells that the cluster cannot be asked, rather than that there is no such node", async () => {
    const down = () => Promise.reject(new Fault("unavailable", "there is no leader"));
    api.backend.client = fakeControl({ getNode: down, listNodes: down });
    expect(await api.call("GET", "/nodes/x")).toMatchObject({
      status: 503,
      json: { message: "rpc error: code = Unavailable desc = there is no leader" },
    });
  });
});
