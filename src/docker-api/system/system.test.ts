import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noLeader, noLeaderText } from "../../consensus/leadership.ts";
import { Fault } from "../../lib/fault.ts";
import { ListClustersResponseSchema, ListNodesResponseSchema } from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { TestApi, testMachine } from "../api.test-kit.ts";
import { fakeControl, inactive, locked, managing, working } from "../fakes.test-kit.ts";
import { sampleCluster, sampleManager, sampleNode } from "../samples.test-kit.ts";

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  api.backend.current = managing;
  api.engine.present = true;
  api.engine.answers.set("/info", { ID: "DA5Z", Name: "vm", Swarm: { LocalNodeState: "inactive" }, Warnings: null });
  api.engine.answers.set("/version", {
    Version: "20.10.24+dfsg1",
    ApiVersion: "1.41",
    MinAPIVersion: "1.12",
    Components: [{ Name: "Engine", Version: "20.10.24+dfsg1" }],
  });
  api.backend.client = fakeControl({
    listNodes: async () => create(ListNodesResponseSchema, { nodes: [sampleManager("m1"), sampleNode("w1")] }),
    listClusters: async () => create(ListClustersResponseSchema, { clusters: [sampleCluster()] }),
  });
});

describe("GET /info", () => {
  const swarm = async () => ((await api.call("GET", "/info")).json as { Swarm: unknown }).Swarm;

  it("is the engine's with this node's part in the swarm", async () => {
    expect((await api.call("GET", "/info")).json).toMatchObject({ ID: "DA5Z", Name: "vm", Warnings: null });
    expect(await swarm()).toMatchObject({
      NodeID: managing.nodeId,
      NodeAddr: "10.77.0.3",
      LocalNodeState: "active",
      ControlAvailable: true,
      Error: "",
      RemoteManagers: [{ NodeID: managing.nodeId, Addr: "10.77.0.3:2377" }],
      Nodes: 2,
      Managers: 1,
      Cluster: { ID: "7ln43vpqyo0nq73delwf8nx8z", SubnetSize: 24, DataPathPort: 4789 },
    });
  });

  it("shows no tokens and no keys", async () => {
    const { text } = await api.call("GET", "/info");
    expect(text).not.toContain("SWMTKN");
    expect(text).not.toContain("secret");
  });

  it.each([
    [
      inactive,
      {
        NodeID: "",
        NodeAddr: "",
        LocalNodeState: "inactive",
        ControlAvailable: false,
        Error: "",
        RemoteManagers: null,
      },
    ],
    [
      working,
      {
        NodeID: working.nodeId,
        NodeAddr: "10.77.0.3",
        LocalNodeState: "active",
        ControlAvailable: false,
        Error: "",
        RemoteManagers: [{ NodeID: managing.nodeId, Addr: "10.77.0.3:2377" }],
      },
    ],
    [
      { ...locked, nodeAddress: "10.77.0.3" },
      {
        NodeID: "",
        NodeAddr: "10.77.0.3",
        LocalNodeState: "locked",
        ControlAvailable: false,
        Error:
          'Swarm is encrypted and needs to be unlocked before it can be used. Please use "docker swarm unlock" to unlock it.',
        RemoteManagers: null,
      },
    ],
  ])("tells other parts (%#)", async (status, expected) => {
    api.backend.current = status;
    expect(await swarm()).toEqual(expected);
  });

  it("warns of two managers", async () => {
    const nodes = [sampleManager("m1"), sampleManager("m2")];
    api.backend.client = fakeControl({
      listNodes: async () => create(ListNodesResponseSchema, { nodes }),
      listClusters: async () => create(ListClustersResponseSchema, { clusters: [sampleCluster()] }),
    });
    expect(await swarm()).toMatchObject({
      Managers: 2,
      Warnings: [expect.stringMatching(/two-manager configuration/)],
    });
  });

  it("counts managers and names those that this node may turn to", async () => {
    const nodes = [sampleManager("m1"), sampleManager("m2"), sampleManager("m3"), sampleNode("w")];
    api.backend.current = {
      ...managing,
      managers: ["m1", "m2", "m3"].map((nodeId, at) => ({ nodeId, address: `10.77.0.${at + 1}:2377` })),
    };
    api.backend.client = fakeControl({
      listNodes: async () => create(ListNodesResponseSchema, { nodes }),
      listClusters: async () => create(ListClustersResponseSchema, { clusters: [sampleCluster()] }),
    });
    const shown = await swarm();
    expect(shown).toMatchObject({
      ControlAvailable: true,
      Nodes: 4,
      Managers: 3,
      RemoteManagers: [
        { NodeID: "m1", Addr: "10.77.0.1:2377" },
        { NodeID: "m2", Addr: "10.77.0.2:2377" },
        { NodeID: "m3", Addr: "10.77.0.3:2377" },
      ],
    });
    expect(shown).not.toHaveProperty("Warnings");
  });

  it("says that nobody leads, and what it knows all the same", async () => {
    const leaderless = () => Promise.reject(noLeader());
    api.backend.client = fakeControl({ listNodes: leaderless, listClusters: leaderless });
    expect(await swarm()).toMatchObject({
      NodeID: managing.nodeId,
      ControlAvailable: true,
      Error: `rpc error: code = Unknown desc = ${noLeaderText}`,
    });
  });

  it("says why the cluster cannot be shown", async () => {
    const down = () => Promise.reject(new Fault("unavailable", "there is no leader"));
    api.backend.client = fakeControl({ listNodes: down, listClusters: down });
    expect(await swarm()).toMatchObject({
      ControlAvailable: true,
      Error: "rpc error: code = Unavailable desc = there is no leader",
    });
  });

  it("answers with an engine that is down, and says so", async () => {
    api.engine.answers.delete("/info");
    expect((await api.call("GET", "/info")).json).toMatchObject({
      Name: "vm",
      NCPU: 2,
      MemTotal: 8_000_000_000,
      ServerVersion: "0.1.0",
      Warnings: ["The Docker Engine does not answer: Cannot connect to the Docker Engine"],
      Swarm: { LocalNodeState: "active" },
    });
  });

  it("answers without engine", async () => {
    await using embedded = await TestApi.start([], { ...testMachine, runtimeKind: "embedded" });
    embedded.backend.current = inactive;
    embedded.engine.present = false;
    expect((await embedded.call("GET", "/info")).json).toMatchObject({
      Driver: "embedded",
      DockerRootDir: "/var/lib/shoal",
      Warnings: null,
      Swarm: { LocalNodeState: "inactive" },
    });
  });
});

describe("GET /version", () => {
  it("is the engine's, ours a component, with the API versions spoken here", async () => {
    expect((await api.call("GET", "/v1.41/version")).json).toMatchObject({
      Version: "20.10.24+dfsg1",
      ApiVersion: "1.50",
      MinAPIVersion: "1.24",
      Components: [
        { Name: "Engine", Version: "20.10.24+dfsg1" },
        { Name: "Shoal", Version: "0.1.0", Details: { ApiVersion: "1.50", MinAPIVersion: "1.24" } },
      ],
    });
  });

  it.each(["without engine", "with an engine that is down"])("is ours %s", async what => {
    if (what === "without engine") api.engine.present = false;
    else api.engine.answers.delete("/version");
    expect((await api.call("GET", "/version")).json).toMatchObject({
      Version: "0.1.0",
      ApiVersion: "1.50",
      Os: "linux",
      Arch: "amd64",
      Components: [{ Name: "Shoal" }],
    });
  });
});
