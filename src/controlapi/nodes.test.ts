import "reflect-metadata";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { X509CertificateGenerator } from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import type { MemberStatus } from "../consensus/member.ts";
import { type Cluster, type Node, newMeta } from "../model/objects.ts";
import { fromTimestamp, toTimestamp } from "../model/time.ts";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import { RootCa } from "../pki/root-ca.ts";
import { stockRequest } from "../pki/stock-request.test-kit.ts";
import { syncCrypto, syncKey } from "../pki/sync-crypto.ts";
import { sampleNode, sampleTask } from "../sim/samples.ts";
import { ClusterSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ClusterSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  AnnotationsSchema,
  BlacklistedCertificateSchema,
  CertificateSchema,
  ManagerStatusSchema,
  NodeDescriptionSchema,
  NodeRole,
  NodeStatus_State as State,
  TaskState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { fault, invalid, newApi } from "./api.test-kit.ts";

function cluster(): Cluster {
  const annotations = create(AnnotationsSchema, { name: "default" });
  const spec = { ...create(ClusterSpecSchema), annotations };
  return { ...create(ClusterSchema, { id: "c" }), meta: newMeta(), spec };
}

function manager(id: string): Node {
  const node = sampleNode(id);
  const spec = { ...node.spec, desiredRole: NodeRole.MANAGER };
  // What an earlier version stored there is not to be shown.
  return { ...node, role: NodeRole.MANAGER, spec, managerStatus: create(ManagerStatusSchema, { leader: true }) };
}

/** A member of the quorum that leads nothing and answers. */
function member(nodeId: string, change: Partial<MemberStatus> = {}): MemberStatus {
  const address = `${nodeId}:2377`;
  return { nodeId, raftId: 7n, address, isLeader: false, isReachable: true, isVoter: true, ...change };
}

function inState(node: Node, state: State): Node {
  return { ...node, status: { ...node.status, state } };
}

async function withNodes(...nodes: Node[]) {
  const world = newApi();
  await world.store.update(tx => {
    tx.cluster.create(cluster());
    for (const node of nodes) tx.node.create(node);
  });
  return world;
}

const version = { index: 1n };
const hourMs = 3_600_000;

describe("nodes", () => {
  it("are found by id", async () => {
    const { api } = await withNodes(sampleNode("n1", "host"));
    expect((await api.getNode({ nodeId: "n1" })).node?.description?.hostname).toBe("host");
    await expect(api.getNode({ nodeId: "host" })).rejects.toEqual(fault("not_found", "node host not found"));
    await expect(api.getNode({})).rejects.toEqual(invalid("invalid argument"));
  });

  it("show what they are to the quorum now, whatever is stored", async () => {
    const { api, members } = await withNodes(manager("m1"), manager("m2"), manager("m3"), sampleNode("w"));
    members.push(member("m1", { isLeader: true }), member("m2", { isReachable: false }));
    const { nodes } = await api.listNodes({});
    const shown = nodes.map(({ id, managerStatus: status }) => [id, status && [status.leader, status.reachability]]);
    expect(shown.sort()).toEqual([
      ["m1", [true, 2]],
      ["m2", [false, 1]],
      ["m3", undefined],
      ["w", undefined],
    ]);
    const { node } = await api.getNode({ nodeId: "m1" });
    expect(node?.managerStatus).toMatchObject({ raftId: 7n, addr: "m1:2377", leader: true });
  });

  it.each<[string, object, string[]]>([
    ["nothing", {}, ["m", "w1", "w2"]],
    ["a hostname", { names: ["vm"] }, ["w1", "w2"]],
    ["a prefix of a hostname", { namePrefixes: ["v"] }, ["w1", "w2"]],
    ["a prefix of an id", { idPrefixes: ["w1"] }, ["w1"]],
    ["a role", { roles: [NodeRole.MANAGER] }, ["m"]],
    ["a membership", { memberships: [1] }, ["w2"]],
    ["an engine's label", { labels: { storage: "ssd" } }, ["w1"]],
    ["a node's label", { nodeLabels: { zone: "" } }, ["w2"]],
  ])("are listed by %s", async (_, filters, expected) => {
    const first = sampleNode("w1", "vm");
    const second = sampleNode("w2", "vm");
    const description = create(NodeDescriptionSchema, { hostname: "vm", engine: { labels: { storage: "ssd" } } });
    const annotations = { ...second.spec.annotations, labels: { zone: "x" } };
    const { api } = await withNodes(
      manager("m"),
      { ...first, description },
      { ...second, spec: { ...second.spec, membership: 1, annotations } },
    );
    expect((await api.listNodes({ filters })).nodes.map(({ id }) => id).sort()).toEqual(expected);
  });
});

describe("updateNode", () => {
  it("stores the new spec at the version that was seen", async () => {
    const { api, store } = await withNodes(sampleNode("w"));
    const spec = { availability: 2, annotations: { labels: { a: "b" } } };
    const { node } = await api.updateNode({ nodeId: "w", nodeVersion: version, spec });
    expect(node).toMatchObject({ meta: { version: { index: 2n } }, spec });
    const stale = api.updateNode({ nodeId: "w", nodeVersion: version, spec: {} });
    await expect(stale).rejects.toEqual(fault("unknown", "update out of sequence"));
    expect(store.view(tx => tx.node.get("w")?.spec.availability)).toBe(2);
  });

  it("refuses a label of Shoal's that cannot be read, but not for what was there before", async () => {
    const before = sampleNode("old");
    const labels = { "shoal.publish-addresses": "eth0" };
    const { api } = await withNodes(sampleNode("w"), {
      ...before,
      spec: { ...before.spec, annotations: create(AnnotationsSchema, { labels }) },
    });
    const spec = { availability: 2, annotations: { labels } };
    await expect(api.updateNode({ nodeId: "w", nodeVersion: version, spec })).rejects.toEqual(
      invalid(
        'label shoal.publish-addresses="eth0" cannot be read: it takes IP addresses of the node with commas between',
      ),
    );
    const { node } = await api.updateNode({ nodeId: "old", nodeVersion: version, spec });
    expect(node).toMatchObject({ spec });
  });

  it("wants a node, a version and a spec", async () => {
    const { api } = await withNodes(sampleNode("w"));
    for (const request of [
      { nodeVersion: version, spec: {} },
      { nodeId: "w", spec: {} },
      { nodeId: "w", nodeVersion: version },
    ])
      await expect(api.updateNode(request)).rejects.toEqual(invalid("invalid argument"));
    const missing = api.updateNode({ nodeId: "x", nodeVersion: version, spec: {} });
    await expect(missing).rejects.toEqual(fault("not_found", "node x not found"));
  });

  it("does not demote the last manager", async () => {
    const { api, store } = await withNodes(manager("m"), sampleNode("w"));
    const demote = api.updateNode({ nodeId: "m", nodeVersion: version, spec: { desiredRole: NodeRole.WORKER } });
    const text = "attempting to demote the last manager of the swarm";
    await expect(demote).rejects.toEqual(fault("failed_precondition", text));
    expect(store.view(tx => tx.node.get("m")?.spec.desiredRole)).toBe(NodeRole.MANAGER);
  });

  it("does not demote the last one that is to stay", async () => {
    const { api } = await withNodes(manager("m1"), manager("m2"));
    await api.updateNode({ nodeId: "m1", nodeVersion: version, spec: { desiredRole: NodeRole.WORKER } });
    const demote = api.updateNode({ nodeId: "m2", nodeVersion: version, spec: { desiredRole: NodeRole.WORKER } });
    await expect(demote).rejects.toMatchObject({ code: "failed_precondition" });
  });

  it("promotes", async () => {
    const { api } = await withNodes(manager("m"), sampleNode("w"));
    const spec = { desiredRole: NodeRole.MANAGER };
    const { node } = await api.updateNode({ nodeId: "w", nodeVersion: version, spec });
    expect([node?.spec?.desiredRole, node?.role]).toEqual([NodeRole.MANAGER, NodeRole.WORKER]);
  });

  it.each([
    ["a Shoal node", () => newRequest(newNodeKey()), true],
    ["no stock Docker Engine", stockRequest, false],
  ] as const)("promotes %s, whatever else changes", async (_, request, allowed) => {
    const certificate = create(CertificateSchema, { csr: await request() });
    const description = create(NodeDescriptionSchema, { hostname: "engine" });
    const { api, store } = await withNodes(manager("m"), { ...sampleNode("w"), certificate, description });
    const promote = api.updateNode({ nodeId: "w", nodeVersion: version, spec: { desiredRole: NodeRole.MANAGER } });
    if (allowed) await promote;
    else await expect(promote).rejects.toThrow('Cannot promote node "engine": it is a Docker Engine');
    const desired = () => store.view(tx => tx.node.get("w")?.spec.desiredRole);
    expect(desired()).toBe(allowed ? NodeRole.MANAGER : NodeRole.WORKER);
    if (!allowed) await api.updateNode({ nodeId: "w", nodeVersion: version, spec: { availability: 2 } });
  });

  it.each<[string, MemberStatus[], boolean]>([
    ["one of three", [member("m1"), member("m2"), member("m3")], true],
    ["one of three that is down", [member("m1", { isReachable: false }), member("m2"), member("m3")], true],
    ["one of two", [member("m1"), member("m2")], true],
    ["one of three, another being down", [member("m1"), member("m2"), member("m3", { isReachable: false })], false],
    ["one of two, the other being down", [member("m1"), member("m2", { isReachable: false })], false],
    [
      "one that only learns",
      [member("m1", { isVoter: false }), member("m2"), member("m3", { isReachable: false })],
      true,
    ],
    ["one that has not joined", [member("m2"), member("m3", { isReachable: false })], true],
  ])("does not demote when that would lose the quorum: %s", async (_, quorum, allowed) => {
    const { api, store, members } = await withNodes(manager("m1"), manager("m2"), manager("m3"));
    members.push(...quorum);
    const demote = api.updateNode({ nodeId: "m1", nodeVersion: version, spec: { desiredRole: NodeRole.WORKER } });
    const text = "can't remove member from the raft: this would result in a loss of quorum";
    if (allowed) await demote;
    else await expect(demote).rejects.toEqual(fault("failed_precondition", text));
    const desired = store.view(tx => tx.node.get("m1")?.spec.desiredRole);
    expect(desired).toBe(allowed ? NodeRole.WORKER : NodeRole.MANAGER);
  });

  it("demotes one of two, and takes back a promotion", async () => {
    const promoted = { ...sampleNode("p"), spec: { ...sampleNode("p").spec, desiredRole: NodeRole.MANAGER } };
    const { api } = await withNodes(manager("m1"), manager("m2"), promoted);
    for (const nodeId of ["m2", "p"]) {
      const { node } = await api.updateNode({ nodeId, nodeVersion: version, spec: { desiredRole: NodeRole.WORKER } });
      expect(node?.spec?.desiredRole).toBe(NodeRole.WORKER);
    }
  });
});

describe("removeNode", () => {
  it.each<[string, Node, boolean, string]>([
    ["a node that is up", inState(sampleNode("n"), State.READY), false, "node n is not down and can't be removed"],
    ...[false, true].map<[string, Node, boolean, string]>(force => [
      `a manager (force: ${force})`,
      inState(manager("n"), State.DOWN),
      force,
      "node n is a cluster manager and is a member of the raft cluster. It must be demoted to worker before removal",
    ]),
    [
      "a manager that is being demoted",
      inState(sampleNode("member"), State.DOWN),
      true,
      "node member is a cluster manager and is a member of the raft cluster. It is being demoted; try again when it is a worker",
    ],
  ])("refuses %s", async (_, node, force, text) => {
    const { api, store, members } = await withNodes(node);
    if (node.id !== "n" || node.role === NodeRole.MANAGER) members.push(member(node.id));
    await expect(api.removeNode({ nodeId: node.id, force })).rejects.toEqual(fault("failed_precondition", text));
    expect(store.version).toBe(1n);
  });

  it.each<[string, State, boolean]>([
    ["down", State.DOWN, false],
    ["up, with force", State.READY, true],
    ["never seen", State.UNKNOWN, false],
    ["down, a manager that has left the quorum", State.DOWN, false],
  ])("removes a node that is %s", async (what, state, force) => {
    const node = what.includes("manager") ? manager("n") : sampleNode("n");
    const { api, store } = await withNodes(inState(node, state));
    await api.removeNode({ nodeId: "n", force });
    expect(store.view(tx => [tx.node.size, Object.keys(tx.cluster.get("c")!.blacklistedCertificates)])).toEqual([
      0,
      ["n"],
    ]);
    await expect(api.removeNode({ nodeId: "n" })).rejects.toEqual(fault("not_found", "node n not found"));
  });

  it("gives up the node's tasks that have not ended", async () => {
    const { api, store, clock } = await withNodes(inState(sampleNode("n"), State.DOWN));
    await store.update(tx => {
      tx.task.create(sampleTask("run", undefined, { nodeId: "n", status: { state: TaskState.RUNNING } }));
      tx.task.create(sampleTask("done", undefined, { nodeId: "n", status: { state: TaskState.FAILED } }));
      tx.task.create(sampleTask("other", undefined, { nodeId: "n2", status: { state: TaskState.RUNNING } }));
    });
    await api.removeNode({ nodeId: "n" });
    const states = store.view(tx => ["run", "done", "other"].map(id => tx.task.get(id)?.status.state));
    expect(states).toEqual([TaskState.ORPHANED, TaskState.FAILED, TaskState.RUNNING]);
    const status = store.view(tx => tx.task.get("run")!.status);
    expect(fromTimestamp(status.timestamp)).toBe(clock.now());
    expect(status.message).toBe("Task belonged to a node that has been deleted");
  });

  it("refuses a certificate for ever that ends in no year that can be told", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const endless = await X509CertificateGenerator.createSelfSigned(
      {
        serialNumber: "01",
        notBefore: new Date(0),
        notAfter: new Date(Date.UTC(12_000, 0)),
        signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
        keys: { privateKey: syncKey(privateKey), publicKey: syncKey(publicKey) },
      },
      syncCrypto,
    );
    const certificate = create(CertificateSchema, { certificate: Buffer.from(endless.toString("pem")) });
    const { api, store } = await withNodes({ ...inState(sampleNode("n"), State.DOWN), certificate });
    await api.removeNode({ nodeId: "n" });
    expect(store.view(tx => tx.cluster.get("c")!.blacklistedCertificates)).toEqual({
      n: expect.not.objectContaining({ expiry: expect.anything() }),
    });
  });

  it("refuses the node's certificate until long after it has expired", async () => {
    const pem = (await RootCa.create(Date.UTC(2026, 0, 1))).certificatePem;
    const certificate = create(CertificateSchema, { certificate: Buffer.from(pem) });
    const { api, store, clock } = await withNodes({ ...inState(sampleNode("n"), State.DOWN), certificate });
    const until = (ms: number) => create(BlacklistedCertificateSchema, { expiry: toTimestamp(ms) });
    await store.update(tx => {
      const blacklistedCertificates = { old: until(clock.now() - 2 * hourMs), late: until(clock.now() - hourMs / 2) };
      tx.cluster.update({ ...tx.cluster.get("c")!, blacklistedCertificates });
    });
    await api.removeNode({ nodeId: "n" });
    const refused = store.view(tx => tx.cluster.get("c")!.blacklistedCertificates);
    expect(Object.keys(refused).sort()).toEqual(["late", "n"]);
    expect(fromTimestamp(refused.n?.expiry)).toBe(Date.parse(new X509Certificate(pem).validTo));
  });
});
