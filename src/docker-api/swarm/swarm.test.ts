import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../../lib/fault.ts";
import { durationToNanos } from "../../model/time.ts";
import {
  ListClustersResponseSchema,
  UpdateClusterResponseSchema,
} from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { NodeSpec_Availability } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { RootCASchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { TestApi } from "../api.test-kit.ts";
import type { InitRequest } from "../backend.ts";
import { fakeControl, inactive, locked, managing, working } from "../fakes.test-kit.ts";
import { rootPem, rootPublicKey, rootSubject, sampleCluster } from "../samples.test-kit.ts";

let api: TestApi;
let cluster = sampleCluster();
let updates: unknown[] = [];
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  cluster = sampleCluster();
  updates = [];
  api.backend.current = managing;
  api.backend.failure = undefined;
  api.backend.asked.length = 0;
  api.backend.client = fakeControl({
    listClusters: async () => create(ListClustersResponseSchema, { clusters: [cluster] }),
    updateCluster: async request => {
      updates.push(request);
      return create(UpdateClusterResponseSchema, {});
    },
  });
});

const notInSwarm = {
  message:
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
};
const onWorker = {
  message:
    "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please run this command on a manager node or promote the current node to a manager.",
};
const isLocked = {
  message:
    'Swarm is encrypted and needs to be unlocked before it can be used. Please use "docker swarm unlock" to unlock it.',
};
const inOne = {
  message: 'This node is already part of a swarm. Use "docker swarm leave" to leave this swarm and join another one.',
};

/** What the CLI sends for `swarm init` without flags. */
const cliInit = {
  ListenAddr: "0.0.0.0:2377",
  AdvertiseAddr: "10.77.0.3",
  DataPathAddr: "",
  DataPathPort: 0,
  ForceNewCluster: false,
  Spec: {
    Labels: null,
    Orchestration: {},
    Raft: { ElectionTick: 0, HeartbeatTick: 0 },
    Dispatcher: {},
    CAConfig: {},
    TaskDefaults: {},
    EncryptionConfig: { AutoLockManagers: false },
  },
  AutoLockManagers: false,
  Availability: "",
  DefaultAddrPool: [],
  SubnetSize: 24,
};

describe("GET /swarm", () => {
  it("shows the cluster in Docker's form", async () => {
    const answer = await api.call("GET", "/swarm");
    expect(answer.json).toEqual({
      ID: "7ln43vpqyo0nq73delwf8nx8z",
      Version: { Index: 10 },
      CreatedAt: "2026-11-21T11:47:30.536955468Z",
      UpdatedAt: "2026-11-21T11:47:31.072088422Z",
      Spec: {
        Name: "default",
        Labels: {},
        Orchestration: { TaskHistoryRetentionLimit: 5 },
        Raft: {
          SnapshotInterval: 10000,
          KeepOldSnapshots: 0,
          LogEntriesForSlowFollowers: 500,
          ElectionTick: 10,
          HeartbeatTick: 1,
        },
        Dispatcher: { HeartbeatPeriod: 5_000_000_000 },
        CAConfig: { NodeCertExpiry: 7_776_000_000_000_000 },
        TaskDefaults: {},
        EncryptionConfig: { AutoLockManagers: false },
      },
      TLSInfo: { TrustRoot: rootPem, CertIssuerSubject: rootSubject, CertIssuerPublicKey: rootPublicKey },
      RootRotationInProgress: false,
      DefaultAddrPool: null,
      SubnetSize: 24,
      DataPathPort: 4789,
      JoinTokens: { Worker: "SWMTKN-1-a-b", Manager: "SWMTKN-1-a-c" },
    });
  });

  it("shows pools, sizes and ports that were chosen, and an issuer it cannot read not at all", async () => {
    cluster.defaultAddressPool = ["10.10.0.0/16"];
    cluster.subnetSize = 26;
    cluster.VXLANUDPPort = 5000;
    const caCert = Buffer.from("rubbish");
    cluster.rootCa = create(RootCASchema, { caCert, rootRotation: { caCert } });
    expect((await api.call("GET", "/swarm")).json).toMatchObject({
      TLSInfo: { TrustRoot: "rubbish" },
      RootRotationInProgress: true,
      DefaultAddrPool: ["10.10.0.0/16"],
      SubnetSize: 26,
      DataPathPort: 5000,
    });
  });

  it.each([
    [inactive, notInSwarm],
    [working, onWorker],
    [locked, isLocked],
  ])("is refused where there is no manager (%#)", async (status, message) => {
    api.backend.current = status;
    for (const path of ["/swarm", "/swarm/unlockkey"]) {
      const answer = await api.call("GET", path);
      expect([answer.status, answer.json]).toEqual([503, message]);
    }
    const answer = await api.call("POST", "/swarm/update?version=1", {});
    expect([answer.status, answer.json]).toEqual([503, message]);
  });
});

describe("POST /swarm/init", () => {
  const asked = () => api.backend.asked[0]?.with as InitRequest;

  it("answers the node's id as a bare JSON string and fills in the spec", async () => {
    api.backend.current = inactive;
    const answer = await api.call("POST", "/v1.41/swarm/init", cliInit);
    expect([answer.status, answer.text]).toEqual([200, '"qvmvykqjrxccfq1k9p09s6qdv"\n']);
    const request = asked();
    expect(request).toMatchObject({
      listenAddress: "0.0.0.0:2377",
      advertiseAddress: "10.77.0.3",
      dataPathAddress: "",
      dataPathPort: 4789,
      forceNewCluster: false,
      autoLock: false,
      availability: NodeSpec_Availability.ACTIVE,
      addressPools: [],
      subnetSize: 24,
    });
    expect(request.spec).toMatchObject({
      annotations: { name: "default", labels: {} },
      orchestration: { taskHistoryRetentionLimit: 5n },
      raft: { snapshotInterval: 10_000n, keepOldSnapshots: 0n, logEntriesForSlowFollowers: 500n },
      encryptionConfig: { autoLockManagers: false },
    });
    expect(request.spec.raft).toMatchObject({ electionTick: 10, heartbeatTick: 1 });
    expect(durationToNanos(request.spec.dispatcher!.heartbeatPeriod!)).toBe(5_000_000_000n);
    expect(durationToNanos(request.spec.caConfig!.nodeCertExpiry!)).toBe(7_776_000_000_000_000n);
  });

  it("gives clients that name no pool the default one", async () => {
    api.backend.current = inactive;
    await api.call("POST", "/swarm/init", { ListenAddr: "0.0.0.0:2377", DefaultAddrPool: null });
    expect(asked().addressPools).toEqual(["10.0.0.0/8"]);
  });

  it("takes what is asked for", async () => {
    api.backend.current = inactive;
    await api.call("POST", "/swarm/init", {
      ListenAddr: "127.0.0.11:2377",
      AutoLockManagers: true,
      Availability: "drain",
      DataPathPort: 7777,
      DefaultAddrPool: ["10.20.0.0/16"],
      SubnetSize: 26,
      Spec: { Orchestration: { TaskHistoryRetentionLimit: 0 }, CAConfig: { NodeCertExpiry: 3_600_000_000_000 } },
    });
    const request = asked();
    expect(request).toMatchObject({
      autoLock: true,
      availability: NodeSpec_Availability.DRAIN,
      dataPathPort: 7777,
      addressPools: ["10.20.0.0/16"],
      subnetSize: 26,
    });
    expect(request.spec.encryptionConfig?.autoLockManagers).toBe(true);
    expect(request.spec.orchestration?.taskHistoryRetentionLimit).toBe(0n);
  });

  it.each([
    [{ Availability: "bogus" }, 'invalid Availability: "bogus"'],
    [{ ListenAddr: "a:b:c" }, 'invalid ListenAddr "a:b:c": it must be HOST:PORT'],
    [{ ListenAddr: "a:99999" }, 'invalid ListenAddr "a:99999": it must be HOST:PORT'],
    [{ ListenAddr: 1 }, "json: cannot unmarshal number 1 into Go struct field ListenAddr of type string"],
    [{ DataPathPort: 80 }, "DataPathPort 80 is out of range: it must be between 1024 and 49151"],
    [{ DataPathPort: -1 }, "json: cannot unmarshal number -1 into Go struct field DataPathPort of type uint32"],
    [{ DefaultAddrPool: ["bogus"] }, "invalid CIDR address: bogus"],
    [{ DefaultAddrPool: ["10.0.0.0/33"] }, "invalid CIDR address: 10.0.0.0/33"],
    [{ DefaultAddrPool: ["10.0.0.0/28"] }, "invalid DefaultAddrPool 10.0.0.0/28: it holds no subnet of size 24"],
    [{ SubnetSize: 31 }, "subnet size is out of range: 31"],
    [{ Spec: { Name: "other" } }, 'swarm spec must be named "default"'],
    [{ Spec: { CAConfig: { ExternalCAs: [{ Protocol: "x" }] } } }, 'invalid protocol: "x"'],
    [{ Spec: { Raft: 3 } }, "json: cannot unmarshal number 3 into Go struct field Spec.Raft of type struct"],
  ])("refuses %j", async (body, message) => {
    api.backend.current = inactive;
    const answer = await api.call("POST", "/swarm/init", body);
    expect([answer.status, answer.json]).toEqual([400, { message }]);
    expect(api.backend.asked).toEqual([]);
  });

  it("is refused in a swarm, locked ones too, but for a new cluster by force", async () => {
    for (const status of [managing, working, locked]) {
      api.backend.current = status;
      const answer = await api.call("POST", "/swarm/init", cliInit);
      expect([answer.status, answer.json]).toEqual([503, inOne]);
    }
    expect((await api.call("POST", "/swarm/init", { ...cliInit, ForceNewCluster: true })).status).toBe(200);
  });
});

describe("POST /swarm/join", () => {
  const body = { ListenAddr: "0.0.0.0:2377", RemoteAddrs: ["10.77.0.3:2377"], JoinToken: "SWMTKN-1-x" };

  it("answers an empty 200", async () => {
    api.backend.current = inactive;
    const answer = await api.call("POST", "/swarm/join", { ...body, Availability: "pause" });
    expect([answer.status, answer.text, answer.headers["content-type"]]).toEqual([200, "", undefined]);
    expect(api.backend.asked[0]).toEqual({
      what: "join",
      with: {
        listenAddress: "0.0.0.0:2377",
        advertiseAddress: "",
        dataPathAddress: "",
        remotes: ["10.77.0.3:2377"],
        token: "SWMTKN-1-x",
        availability: NodeSpec_Availability.PAUSE,
      },
    });
  });

  it("shows the node's faults bare, with the status of their code", async () => {
    api.backend.current = inactive;
    api.backend.failure = new Fault("unknown", "invalid join token");
    const answer = await api.call("POST", "/swarm/join", body);
    expect([answer.status, answer.json]).toEqual([500, { message: "invalid join token" }]);
  });

  it.each([
    [{ ...body, RemoteAddrs: [] }, "at least 1 RemoteAddr is required to join"],
    [{ ...body, RemoteAddrs: [""] }, 'invalid RemoteAddrs "": it must be HOST:PORT'],
    [{ ...body, JoinToken: {} }, "json: cannot unmarshal object into Go struct field JoinToken of type string"],
  ])("refuses %j", async (bad, message) => {
    api.backend.current = inactive;
    const answer = await api.call("POST", "/swarm/join", bad);
    expect([answer.status, answer.json]).toEqual([400, { message }]);
  });

  it("is refused in a swarm", async () => {
    const answer = await api.call("POST", "/swarm/join", body);
    expect([answer.status, answer.json]).toEqual([503, inOne]);
  });
});

describe("POST /swarm/leave", () => {
  it.each([
    ["/swarm/leave", false],
    ["/swarm/leave?force=1", true],
    ["/swarm/leave?force=false", false],
  ])("%s", async (path, force) => {
    const answer = await api.call("POST", path);
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(api.backend.asked).toEqual([{ what: "leave", with: force }]);
  });

  it("needs a swarm, and force when locked", async () => {
    api.backend.current = inactive;
    expect(await api.call("POST", "/swarm/leave?force=1")).toMatchObject({
      status: 503,
      json: { message: "This node is not part of a swarm" },
    });
    api.backend.current = locked;
    expect(await api.call("POST", "/swarm/leave")).toMatchObject({
      status: 503,
      json: {
        message: "Swarm is encrypted and locked. Please unlock it first or use `--force` to ignore this message.",
      },
    });
    expect((await api.call("POST", "/swarm/leave?force=1")).status).toBe(200);
  });
});

describe("POST /swarm/update", () => {
  it("turns autolock on", async () => {
    const EncryptionConfig = { AutoLockManagers: true };
    const answer = await api.call("POST", "/swarm/update?version=1", { Name: "default", EncryptionConfig });
    expect([answer.status, updates]).toMatchObject([200, [{ spec: { encryptionConfig: { autoLockManagers: true } } }]]);
  });

  it("sends spec, version and rotations on", async () => {
    const shown = (await api.call("GET", "/swarm")).json as { Spec: unknown };
    const query = "rotateManagerToken=true&rotateManagerUnlockKey=0&rotateWorkerToken=false&version=10";
    const answer = await api.call("POST", `/swarm/update?${query}`, shown.Spec);
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(updates).toMatchObject([
      {
        clusterId: "7ln43vpqyo0nq73delwf8nx8z",
        clusterVersion: { index: 10n },
        rotation: { workerJoinToken: false, managerJoinToken: true, managerUnlockKey: false },
      },
    ]);
    expect((updates[0] as { spec: unknown }).spec).toEqual(cluster.spec);
  });

  it.each([
    ["?version=", "invalid swarm version '': strconv.ParseUint: parsing \"\": invalid syntax"],
    ["?version=abc", "invalid swarm version 'abc': strconv.ParseUint: parsing \"abc\": invalid syntax"],
    ["?version=-1", "invalid swarm version '-1': strconv.ParseUint: parsing \"-1\": invalid syntax"],
    [
      "?version=18446744073709551616",
      "invalid swarm version '18446744073709551616': strconv.ParseUint: parsing \"18446744073709551616\": value out of range",
    ],
    ["?version=1&rotateWorkerToken=maybe", "invalid value for rotateWorkerToken: maybe"],
  ])("refuses %s", async (query, message) => {
    const answer = await api.call("POST", `/swarm/update${query}`, {});
    expect([answer.status, answer.json]).toEqual([400, { message }]);
  });

  it("shows the cluster's faults with gRPC's prefix", async () => {
    api.backend.client = fakeControl({
      listClusters: async () => create(ListClustersResponseSchema, { clusters: [cluster] }),
      updateCluster: () => Promise.reject(new Fault("unknown", "update out of sequence")),
    });
    const answer = await api.call("POST", "/swarm/update?version=1", {});
    expect([answer.status, answer.json]).toEqual([
      500,
      { message: "rpc error: code = Unknown desc = update out of sequence" },
    ]);
  });
});

describe("unlocking", () => {
  it("shows the key, or that there is none", async () => {
    expect((await api.call("GET", "/swarm/unlockkey")).json).toEqual({ UnlockKey: "" });
    api.backend.key = "SWMKEY-1-x";
    expect((await api.call("GET", "/swarm/unlockkey")).json).toEqual({ UnlockKey: "SWMKEY-1-x" });
  });

  it("goes to the node when it is locked, and nowhere else", async () => {
    const unlock = () => api.call("POST", "/swarm/unlock", { UnlockKey: "SWMKEY-1-x" });
    expect(await unlock()).toMatchObject({ status: 409, json: { message: "swarm is not locked" } });
    api.backend.current = inactive;
    expect(await unlock()).toMatchObject({ status: 503, json: notInSwarm });
    expect(api.backend.asked).toEqual([]);
    api.backend.current = locked;
    expect(await unlock()).toMatchObject({ status: 200, text: "" });
    expect(api.backend.asked).toEqual([{ what: "unlock", with: "SWMKEY-1-x" }]);
    api.backend.failure = new Fault("unauthenticated", "swarm could not be unlocked: invalid key provided");
    expect(await unlock()).toMatchObject({ status: 401 });
  });
});
