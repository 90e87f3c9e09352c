import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import type { Node } from "../model/objects.ts";
import { CertificateSchema, NodeRole } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aMember } from "./fake-quorum.test-kit.ts";
import { aNode } from "./objects.test-kit.ts";
import { decideRole, type RoleObservation } from "./roles.ts";
import { World } from "./world.test-kit.ts";

const { MANAGER, WORKER } = NodeRole;

function nodeOf(role: NodeRole, desiredRole: NodeRole): Node {
  const node = aNode("n");
  return { ...node, role, spec: { ...node.spec, desiredRole } };
}

const aCertificate = (role: NodeRole, certificate = Uint8Array.of(1)) =>
  create(CertificateSchema, { role, certificate });

const others = [aMember("m1"), aMember("m2")];
const leaders = [aMember("m1", { isLeader: true }), aMember("m2")];
const self = aMember("n", { isLeader: true });

describe("what is done about a node's role", () => {
  it.each<[string, Omit<RoleObservation, "nodeId">, unknown]>([
    ["a manager that is to be one", { node: nodeOf(MANAGER, MANAGER), members: leaders }, "nothing"],
    ["a worker that is to be one", { node: nodeOf(WORKER, WORKER), members: leaders }, "nothing"],
    [
      "one that was demoted and has not got its certificate yet, to be promoted again",
      { node: { ...nodeOf(WORKER, MANAGER), certificate: aCertificate(MANAGER) }, members: leaders },
      "nothing",
    ],
    [
      "one that was never given a manager's certificate, to be promoted",
      { node: { ...nodeOf(WORKER, MANAGER), certificate: aCertificate(MANAGER, new Uint8Array()) }, members: leaders },
      MANAGER,
    ],
    [
      "one that was demoted and has its certificate, to be promoted again",
      { node: { ...nodeOf(WORKER, MANAGER), certificate: aCertificate(WORKER) }, members: leaders },
      MANAGER,
    ],
    ["a worker to be promoted", { node: nodeOf(WORKER, MANAGER), members: leaders }, MANAGER],
    [
      "a manager to be demoted",
      { node: nodeOf(MANAGER, WORKER), members: [...leaders, aMember("n")] },
      "remove member",
    ],
    ["one that has left the quorum", { node: nodeOf(MANAGER, WORKER), members: leaders }, WORKER],
    ["one that never joined", { node: nodeOf(MANAGER, WORKER), members: [] }, WORKER],
    ["the leader to be demoted", { node: nodeOf(MANAGER, WORKER), members: [...others, self] }, "hand over"],
    ["the only member", { node: nodeOf(MANAGER, WORKER), members: [self] }, "nothing"],
    [
      "the only voter, another one catching up",
      { node: nodeOf(MANAGER, WORKER), members: [self, aMember("m1", { isVoter: false })] },
      "nothing",
    ],
    [
      "a worker that is still a member",
      { node: nodeOf(WORKER, WORKER), members: [...leaders, aMember("n")] },
      "remove member",
    ],
    ["a member that is no node any more", { node: undefined, members: [...leaders, aMember("n")] }, "remove member"],
    ["nobody", { node: undefined, members: leaders }, "nothing"],
  ])("%s", (_, observation, expected) => {
    const { writes, step } = decideRole({ ...observation, nodeId: "n" });
    const [write] = writes;
    const done = step?.kind ?? (write?.kind === "update node" ? write.node.role : "nothing");
    expect(done).toBe(expected);
    if (step?.kind === "remove member") expect(step.nodeId).toBe("n");
  });
});

describe("the role loop", () => {
  let world: World;
  afterEach(() => world.end());

  const roleOf = (id: string) => world.store.view(tx => tx.node.get(id)!.role);
  const want = (id: string, desiredRole: NodeRole) =>
    world.changeNode(id, node => ({ ...node, spec: { ...node.spec, desiredRole } }));
  const start = async (...managers: string[]) => {
    world = await World.make({ m1: {}, m2: {}, m3: {}, w: {} });
    world.quorum.set(...managers);
    for (const id of managers)
      await world.changeNode(id, node => ({ ...node, role: MANAGER, spec: { ...node.spec, desiredRole: MANAGER } }));
  };

  it("promotes, and demotes again before the node has joined", async () => {
    await start("m1");
    await want("w", MANAGER);
    await world.until(() => roleOf("w") === MANAGER, "promoted");
    await want("w", WORKER);
    await world.until(() => roleOf("w") === WORKER, "demoted");
    expect(world.quorum.asked).toEqual([]);
  });

  it("takes a manager out of the quorum before its role", async () => {
    await start("m1", "m2", "m3");
    await want("m2", WORKER);
    await world.until(() => roleOf("m2") === WORKER, "demoted");
    expect(world.quorum.asked).toEqual(["remove m2"]);
    expect(world.quorum.members().map(({ nodeId }) => nodeId)).toEqual(["m1", "m3"]);
  });

  it("lets another one lead before the leader is demoted", async () => {
    await start("m1", "m2", "m3");
    await want("m1", WORKER);
    await world.until(() => roleOf("m1") === WORKER, "demoted");
    expect(world.quorum.asked).toEqual(["hand over", "remove m1"]);
    expect(world.quorum.members()[0]).toMatchObject({ nodeId: "m2", isLeader: true });
  });

  it("leaves a manager what it is while the quorum needs it, and goes on when it does not", async () => {
    await start("m1", "m2", "m3");
    world.quorum.refusal = new Fault("failed_precondition", "this would result in a loss of quorum");
    await want("m3", WORKER);
    await world.until(() => world.quorum.asked.length >= 3, "tried several times");
    expect(roleOf("m3")).toBe(MANAGER);
    world.quorum.refusal = undefined;
    await world.until(() => roleOf("m3") === WORKER, "demoted");
  });

  it("evicts a member whose node was removed", async () => {
    await start("m1", "m2", "m3");
    await world.store.update(tx => tx.node.remove("m3"));
    await world.until(() => world.quorum.members().length === 2, "evicted");
  });

  it("goes on where the last leader has stopped", async () => {
    await start("m1", "m2");
    world.quorum.refusal = new Fault("unavailable", "lost leadership");
    await want("m2", WORKER);
    await world.until(() => world.quorum.asked.length > 0, "tried");
    world.quorum.refusal = undefined;
    await world.newLeader();
    await world.until(() => roleOf("m2") === WORKER, "demoted");
  });
});
