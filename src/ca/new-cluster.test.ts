import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { fromDuration } from "../model/time.ts";
import { judgeJoinToken } from "../pki/join-token.ts";
import { RootCa } from "../pki/root-ca.ts";
import { SimClock } from "../sim/clock.ts";
import { SimRandom } from "../sim/random.ts";
import { newSimStore } from "../sim/store.ts";
import { ClusterSpecSchema, NodeSpec_Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { NodeRole } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { newCluster } from "./new-cluster.ts";

const clock = new SimClock();
const options = {
  spec: create(ClusterSpecSchema),
  availability: NodeSpec_Availability.DRAIN,
  addressPools: ["10.0.0.0/8"],
  subnetSize: 0,
  dataPathPort: 0,
  clock,
  random: new SimRandom(3),
};

describe("a new cluster", () => {
  it("has Docker's defaults where its founder says nothing", async () => {
    const { cluster } = await newCluster(options);
    const { spec } = cluster;
    expect({
      name: spec.annotations.name,
      retention: spec.orchestration?.taskHistoryRetentionLimit,
      snapshotInterval: spec.raft?.snapshotInterval,
      keepOldSnapshots: spec.raft?.keepOldSnapshots,
      slowFollowers: spec.raft?.logEntriesForSlowFollowers,
      electionTick: spec.raft?.electionTick,
      heartbeatTick: spec.raft?.heartbeatTick,
      heartbeatMs: fromDuration(spec.dispatcher?.heartbeatPeriod),
      expiryMs: fromDuration(spec.caConfig?.nodeCertExpiry),
      autoLock: spec.encryptionConfig?.autoLockManagers,
      pools: cluster.defaultAddressPool,
      subnetSize: cluster.subnetSize,
      dataPathPort: cluster.VXLANUDPPort,
    }).toEqual({
      name: "default",
      retention: 5n,
      snapshotInterval: 10_000n,
      keepOldSnapshots: 0n,
      slowFollowers: 500n,
      electionTick: 10,
      heartbeatTick: 1,
      heartbeatMs: 5_000,
      expiryMs: 90 * 24 * 3_600_000,
      autoLock: false,
      pools: ["10.0.0.0/8"],
      subnetSize: 24,
      dataPathPort: 4789,
    });
  });

  it("keeps what its founder asks for", async () => {
    const spec = create(ClusterSpecSchema, {
      annotations: { labels: { a: "b" } },
      orchestration: { taskHistoryRetentionLimit: 0n },
      caConfig: { nodeCertExpiry: { seconds: 7_200n } },
    });
    const asked = { ...options, spec, subnetSize: 26, dataPathPort: 7_777 };
    const { cluster, node, credentials } = await newCluster(asked);
    expect(cluster.spec.annotations).toMatchObject({ name: "default", labels: { a: "b" } });
    expect(cluster.spec.orchestration?.taskHistoryRetentionLimit).toBe(0n);
    expect([cluster.subnetSize, cluster.VXLANUDPPort, node.VXLANUDPPort]).toEqual([26, 7_777, 7_777]);
    expect(credentials.notAfterMs).toBe(clock.now() + 7_200_000);
  });

  it("has a root, tokens that fit it, and a first manager with a certificate under it", async () => {
    const { cluster, node, credentials } = await newCluster(options);
    const { caCert, caKey, joinTokens } = cluster.rootCa!;
    const root = RootCa.load(Buffer.from(caCert).toString(), Buffer.from(caKey).toString());
    expect(root.certificatePem).toBe(credentials.rootPem);
    const tokens = { worker: joinTokens!.worker, manager: joinTokens!.manager };
    expect(tokens.worker).not.toBe(tokens.manager);
    expect(tokens.worker).toContain(root.digest);
    expect(judgeJoinToken(tokens.manager, tokens)).toEqual({ kind: "valid", role: "manager" });
    expect(credentials).toMatchObject({ nodeId: node.id, role: "manager", clusterId: cluster.id });
    expect(node).toMatchObject({ role: NodeRole.MANAGER, spec: { desiredRole: NodeRole.MANAGER, availability: 2 } });
    expect(Buffer.from(node.certificate!.certificate).toString()).toBe(credentials.certificatePem);
  });

  it("can be stored", async () => {
    const store = newSimStore();
    const { cluster, node } = await newCluster(options);
    await store.update(tx => {
      tx.cluster.create(cluster);
      tx.node.create(node);
    });
    expect(store.view(tx => [tx.cluster.get(cluster.id)?.id, tx.node.size])).toEqual([cluster.id, 1]);
  });
});
