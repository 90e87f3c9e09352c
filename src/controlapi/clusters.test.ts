import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { type Cluster, newMeta } from "../model/objects.ts";
import { toDuration } from "../model/time.ts";
import { digestOf, newJoinToken, parseJoinToken } from "../pki/join-token.ts";
import { SimRandom } from "../sim/random.ts";
import { ClusterSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ClusterSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { fault, invalid, newApi } from "./api.test-kit.ts";

type SpecInit = Exclude<MessageInitShape<typeof ClusterSpecSchema>, { $typeName: string }>;

const caCert = Buffer.from("a root certificate");
const random = new SimRandom(7);
const [worker, manager] = [newJoinToken(digestOf(caCert), random), newJoinToken(digestOf(caCert), random)];
const key = Buffer.from("private");

function sampleCluster(): Cluster {
  const annotations = create(AnnotationsSchema, { name: "default" });
  const spec = { ...create(ClusterSpecSchema, { caConfig: { signingCaKey: key, signingCaCert: key } }), annotations };
  const rootCa = { caCert, caKey: key, joinTokens: { worker, manager }, rootRotation: { caKey: key, caCert } };
  const base = create(ClusterSchema, { id: "c", rootCa, networkBootstrapKeys: [{ key }], unlockKeys: [{ key }] });
  return { ...base, meta: newMeta(), spec };
}

async function founded() {
  const world = newApi();
  await world.store.update(tx => tx.cluster.create(sampleCluster()));
  let version = 1n;
  const update = async (init: SpecInit, rotation = {}) => {
    const spec = { annotations: { name: "default" }, ...init };
    const answer = await world.api.updateCluster({
      clusterId: "c",
      clusterVersion: { index: version },
      spec,
      rotation,
    });
    version = answer.cluster!.meta!.version!.index;
    return answer.cluster!;
  };
  const stored = () => world.store.view(tx => tx.cluster.get("c")!);
  return { ...world, update, stored };
}

describe("the cluster", () => {
  it("is shown without its keys", async () => {
    const { api } = await founded();
    const [listed] = (await api.listClusters({ filters: { names: ["default"] } })).clusters;
    for (const cluster of [listed, (await api.getCluster({ clusterId: "c" })).cluster]) {
      expect(cluster?.rootCa).toMatchObject({ caCert, joinTokens: { worker, manager } });
      expect(JSON.stringify(cluster, (_, value) => (typeof value === "bigint" ? String(value) : value))).not.toContain(
        JSON.stringify(key),
      );
      expect([cluster?.rootCa?.caKey, cluster?.rootCa?.rootRotation?.caKey].map(bytes => bytes?.length)).toEqual([
        0, 0,
      ]);
      expect(
        [cluster?.spec?.caConfig?.signingCaKey, cluster?.spec?.caConfig?.signingCaCert].map(b => b?.length),
      ).toEqual([0, 0]);
      expect([cluster?.unlockKeys, cluster?.networkBootstrapKeys]).toEqual([[], []]);
    }
  });

  it("is found by its id alone", async () => {
    const { api } = await founded();
    await expect(api.getCluster({ clusterId: "default" })).rejects.toEqual(
      fault("not_found", "cluster default not found"),
    );
    await expect(api.getCluster({})).rejects.toEqual(invalid("invalid argument"));
  });
});

describe("updateCluster refuses", () => {
  it.each<[string, SpecInit, unknown]>([
    [
      "short-lived certificates",
      { caConfig: { nodeCertExpiry: toDuration(3_599_999) } },
      invalid("minimum certificate expiry time is: 1h0m0s"),
    ],
    [
      "certificates of no time",
      { caConfig: { nodeCertExpiry: toDuration(0) } },
      invalid("minimum certificate expiry time is: 1h0m0s"),
    ],
    [
      "negative heartbeats",
      { dispatcher: { heartbeatPeriod: toDuration(-1) } },
      invalid("heartbeat time period cannot be a negative duration"),
    ],
    [
      "hasty heartbeats",
      { dispatcher: { heartbeatPeriod: toDuration(999) } },
      invalid("heartbeat time period cannot be shorter than 1s"),
    ],
    [
      "a rotation with a number that Docker's API could not send back",
      { caConfig: { forceRotate: 2n ** 53n } },
      invalid("force rotate cannot be greater than 9007199254740991"),
    ],
    [
      "snapshots at an interval that Docker's API could not send back",
      { raft: { snapshotInterval: 2n ** 64n - 1n } },
      invalid("snapshot interval cannot be greater than 9007199254740991"),
    ],
    ["another name", { annotations: { name: "other" } }, invalid("modification of cluster name is not allowed")],
    [
      "plain secrets",
      { acceptancePolicy: { policies: [{ secret: { alg: "plain" } }] } },
      invalid("hashing algorithm is not supported: plain"),
    ],
  ])("%s", async (_, spec, expected) => {
    const { update, store } = await founded();
    await expect(update(spec)).rejects.toEqual(expected);
    expect(store.version).toBe(1n);
  });

  it("a stale version, an unknown cluster and a request without its parts", async () => {
    const { api, update } = await founded();
    await update({ orchestration: { taskHistoryRetentionLimit: 3n } });
    const spec = { annotations: { name: "default" } };
    const version = { index: 1n };
    const refused = (request: object) => expect(api.updateCluster(request)).rejects;
    await refused({ clusterId: "c", clusterVersion: version, spec }).toEqual(
      fault("unknown", "update out of sequence"),
    );
    await refused({ clusterId: "x", clusterVersion: version, spec }).toEqual(fault("not_found", "cluster x not found"));
    for (const request of [
      { clusterId: "c", clusterVersion: version },
      { clusterId: "c", spec },
      { clusterVersion: version, spec },
    ])
      await refused(request).toEqual(invalid("invalid argument"));
  });
});

describe("updateCluster", () => {
  it("stores the spec and keeps what is not in it", async () => {
    const { update, stored } = await founded();
    const spec = {
      orchestration: { taskHistoryRetentionLimit: 3n },
      dispatcher: { heartbeatPeriod: toDuration(6000) },
      caConfig: { nodeCertExpiry: toDuration(3_600_000) },
    };
    expect(await update(spec)).toMatchObject({ spec: { orchestration: { taskHistoryRetentionLimit: 3n } } });
    expect(stored()).toMatchObject({
      meta: { version: { index: 2n } },
      spec: { dispatcher: { heartbeatPeriod: { seconds: 6n } } },
      rootCa: { caKey: key, joinTokens: { worker, manager } },
    });
  });

  it("takes back the spec that it showed", async () => {
    const { api, update } = await founded();
    const { cluster } = await api.getCluster({ clusterId: "c" });
    const { $typeName: _, ...spec } = cluster!.spec!;
    expect((await update(spec)).spec).toMatchObject({ annotations: { name: "default" } });
  });

  it.each<[string, object, [boolean, boolean]]>([
    ["neither", {}, [false, false]],
    ["the worker's", { workerJoinToken: true }, [true, false]],
    ["the manager's", { managerJoinToken: true }, [false, true]],
    ["both", { workerJoinToken: true, managerJoinToken: true }, [true, true]],
  ])("makes new join tokens: %s", async (_, rotation, [newWorker, newManager]) => {
    const { update, stored } = await founded();
    const shown = (await update({}, rotation)).rootCa?.joinTokens;
    expect(stored().rootCa?.joinTokens).toEqual(shown);
    expect([shown?.worker !== worker, shown?.manager !== manager]).toEqual([newWorker, newManager]);
    for (const token of [shown?.worker, shown?.manager])
      expect(parseJoinToken(token ?? "").digest).toBe(digestOf(caCert));
  });

  it("has a key that unlocks managers while they lock themselves", async () => {
    const { update, stored } = await founded();
    const managerKeys = () => stored().unlockKeys.filter(({ subsystem }) => subsystem === "swarm-manager");
    const locked = { encryptionConfig: { autoLockManagers: true } };
    expect((await update(locked)).unlockKeys).toEqual([]);
    const [first, ...more] = managerKeys();
    expect([first?.key.length, more]).toEqual([32, []]);
    await update(locked);
    expect(managerKeys()).toEqual([first]);
    await update(locked, { managerUnlockKey: true });
    expect(managerKeys()).toHaveLength(1);
    expect(managerKeys()).not.toEqual([first]);
    await update({}, { managerUnlockKey: true });
    expect(managerKeys()).toEqual([]);
    expect(stored().unlockKeys).toHaveLength(1);
  });
});
