import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Consensus } from "../consensus/consensus.ts";
import { aesGcmSealer } from "../consensus/sealer.ts";
import { type Cluster, type Node, newMeta } from "../model/objects.ts";
import { predefinedNetworks } from "../model/predefined-network.ts";
import { silentLogger } from "../ports/log.ts";
import { SimRandom } from "../sim/random.ts";
import { sampleNode } from "../sim/samples.ts";
import { Store } from "../store/store.ts";
import { ClusterSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ClusterSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema, BlacklistedCertificateSchema, NodeRole } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type TestManager, TestManagers } from "./managers.test-kit.ts";

function cluster(): Cluster {
  const annotations = create(AnnotationsSchema, { name: "default" });
  return {
    ...create(ClusterSchema, { id: "cluster" }),
    meta: newMeta(),
    spec: { ...create(ClusterSpecSchema), annotations },
  };
}

function manager(id: string): Node {
  const node = sampleNode(id);
  return { ...node, role: NodeRole.MANAGER, spec: { ...node.spec, desiredRole: NodeRole.MANAGER } };
}

let swarm: TestManagers;
let only: TestManager;
beforeEach(async () => {
  swarm = TestManagers.none(1);
  only = swarm.all[0]!;
});
afterEach(async () => {
  await swarm.stop();
  await swarm.clock.advance(5_000);
  expect([swarm.network.calls, swarm.clock.pending]).toEqual([0, 0]);
});

describe("a swarm's only manager", () => {
  it("founds it, leads, and finds it again with what was written", async () => {
    await only.start({ kind: "found", cluster: cluster(), node: manager("m1") });
    expect(only.leads).toBe(true);
    const { nodes } = await only.control.listNodes({});
    expect(nodes.map(({ id, managerStatus }) => [id, managerStatus?.leader])).toEqual([["m1", true]]);
    expect(nodes[0]).not.toBe(only.manager.view(tx => tx.node.get("m1")));
    expect(only.manager.view(tx => tx.node.get("m1")!.managerStatus)).toBeUndefined();
    const networks = () => only.manager.view(tx => [...tx.network.all()].map(({ spec }) => spec.annotations.name));
    const expected = [...predefinedNetworks, "ingress"].sort();
    expect(networks().sort()).toEqual(expected);
    await swarm.settled(only.control.createConfig({ spec: { annotations: { name: "c" }, data: new Uint8Array(1) } }));
    only.kill();
    await only.start();
    const { configs } = await swarm.settled(only.control.listConfigs({}));
    expect(configs.map(({ spec }) => spec?.annotations?.name)).toEqual(["c"]);
    expect(networks().sort()).toEqual(expected);
  });

  it("notes that it is reached elsewhere", async () => {
    await only.start({ kind: "found", cluster: cluster(), node: manager("m1") });
    await only.stop();
    only.host = "10.0.0.77";
    await only.start();
    await swarm.until(() => only.manager.members()[0]?.address === "10.0.0.77:2377");
  });

  it("knows whose certificate is refused, though it holds", async () => {
    const blacklistedCertificates = { gone: create(BlacklistedCertificateSchema) };
    const refusing = { ...cluster(), blacklistedCertificates };
    await only.start({ kind: "found", cluster: refusing, node: manager("m1") });
    expect(["gone", "m1", "never seen"].map(id => only.manager.isRemoved(id))).toEqual([true, false, false]);
  });

  it("takes no address that another one has, and leaves no log behind", async () => {
    await swarm.network.transport(only.host).listen(only.address, []);
    const founding = only.start({ kind: "found", cluster: cluster(), node: manager("m1") });
    await expect(founding).rejects.toMatchObject({ code: "failed_precondition" });
    expect(await only.disk.list("/raft")).toEqual([]);
  });

  it("does not lead what was never founded", async () => {
    const log = await Consensus.open({
      ...{ store: new Store({ clock: swarm.clock }), disk: only.disk, directory: "/raft", log: silentLogger },
      ...{ clock: swarm.clock, random: new SimRandom(), transport: swarm.network.transport(only.host, only.self) },
      sealer: aesGcmSealer(only.dataKey, new SimRandom()),
      self: { nodeId: "m1", address: only.address },
      beginning: { kind: "found" },
      onLeadership: () => {},
      onRemoved: () => {},
      onBroken: () => {},
    });
    await swarm.until(() => log.leadership.kind === "leading");
    await log.close();
    await expect(only.start()).rejects.toMatchObject({ code: "data_loss" });
  });
});
