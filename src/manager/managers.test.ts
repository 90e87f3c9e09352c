import { afterEach, describe, expect, it } from "vitest";
import { noLeaderText } from "../consensus/leadership.ts";
import { NodeRole, RaftMemberStatus_Reachability as Reachability } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type TestManager, TestManagers } from "./managers.test-kit.ts";

let swarm: TestManagers;
afterEach(async () => {
  await swarm.stop();
  await swarm.clock.advance(5_000);
  expect([swarm.network.calls, swarm.clock.pending]).toEqual([0, 0]);
});

/** A write that nothing of the loops cares for. */
const put = (manager: TestManager, name: string) =>
  manager.control.createConfig({ spec: { annotations: { name }, data: new Uint8Array(1) } });
const namesAt = async (manager: TestManager) =>
  (await swarm.settled(manager.control.listConfigs({}))).configs.map(({ spec }) => spec?.annotations?.name).sort();
const statusAt = async (manager: TestManager) => {
  const { nodes } = await swarm.settled(manager.control.listNodes({}));
  return Object.fromEntries(
    nodes.map(({ id, managerStatus: status }) => [
      id,
      status && `${status.leader ? "leader" : "follower"} ${Reachability[status.reachability]}`,
    ]),
  );
};
const setRole = async (at: TestManager, nodeId: string, desiredRole: NodeRole) => {
  const { node } = await swarm.settled(at.control.getNode({ nodeId }));
  const spec = { ...node!.spec!, desiredRole };
  await swarm.settled(at.control.updateNode({ nodeId, nodeVersion: node!.meta!.version!, spec }));
};

describe("several managers", () => {
  it("answer alike whichever is asked, and show what each is", async () => {
    swarm = await TestManagers.start(3);
    for (const [at, manager] of swarm.all.entries()) await swarm.settled(put(manager, `c${at}`));
    for (const manager of swarm.all) {
      expect(await namesAt(manager)).toEqual(["c0", "c1", "c2"]);
      expect(await statusAt(manager)).toEqual({
        m1: "leader REACHABLE",
        m2: "follower REACHABLE",
        m3: "follower REACHABLE",
      });
    }
  });

  it("tell all of what is committed", async () => {
    swarm = await TestManagers.start(3);
    const follower = swarm.all[2]!;
    const ended = new AbortController();
    const changes = follower.manager.changes(ended.signal)[Symbol.asyncIterator]();
    await swarm.settled(put(swarm.all[1]!, "c"));
    const change = await swarm.settled(changes.next());
    expect(change.value).toMatchObject([{ kind: "config", action: "create" }]);
    ended.abort();
  });

  it("fail over within half a second when the leader is killed, unseen by who asks meanwhile", async () => {
    swarm = await TestManagers.start(3);
    const [first, second] = swarm.all;
    await swarm.settled(put(second!, "before"));
    const start = swarm.clock.monotonic();
    first!.kill();
    await swarm.settled(put(second!, "meanwhile"));
    expect(swarm.clock.monotonic() - start).toBeLessThan(500);
    expect(await namesAt(swarm.all[2]!)).toEqual(["before", "meanwhile"]);
    await swarm.until(() => !swarm.leader.manager.members().find(({ nodeId }) => nodeId === "m1")!.isReachable);
    expect(await statusAt(second!)).toMatchObject({ m1: "follower UNREACHABLE" });
    await first!.start();
    expect(await namesAt(first!)).toEqual(["before", "meanwhile"]);
  });

  it("say so within 5 s when most of them are gone, and go on when enough are back", async () => {
    swarm = await TestManagers.start(3);
    const [first, second, third] = swarm.all;
    first!.kill();
    second!.kill();
    const start = swarm.clock.monotonic();
    const calls: Promise<unknown>[] = [put(third!, "lost"), third!.control.listConfigs({})];
    const outcomes = await swarm.settled(Promise.all(calls.map(call => call.catch(error => error))));
    const fault = expect.objectContaining({ code: "unavailable", message: noLeaderText });
    expect(outcomes).toEqual([fault, fault]);
    expect(swarm.clock.monotonic() - start).toBeLessThan(5_000);
    await first!.start();
    await swarm.settled(put(third!, "kept"));
    expect(await namesAt(first!)).toEqual(["kept"]);
  });

  it("come back with what they had after all of them were gone", async () => {
    swarm = await TestManagers.start(3);
    for (const [at, manager] of swarm.all.entries()) await swarm.settled(put(manager, `c${at}`));
    for (const manager of swarm.all) manager.kill();
    for (const manager of swarm.all) await manager.start();
    for (const manager of swarm.all) expect(await namesAt(manager)).toEqual(["c0", "c1", "c2"]);
  });

  it("promise nothing for a leader that is cut off", async () => {
    swarm = await TestManagers.start(3);
    const [first, second, third] = swarm.all;
    swarm.network.partition(first!.host, second!.host);
    swarm.network.partition(first!.host, third!.host);
    const begun = swarm.clock.monotonic();
    const outcomes = [put(first!, "cut-off"), first!.control.listConfigs({})].map(call =>
      (call as Promise<unknown>).catch(e => e),
    );
    const [write, read] = await swarm.settled(Promise.all(outcomes));
    expect(write).toMatchObject({ code: "unavailable", message: expect.stringMatching(/not known whether/) });
    expect(read).toMatchObject({ code: "unavailable", message: noLeaderText });
    expect(swarm.clock.monotonic() - begun).toBeLessThan(5_500);
    await swarm.settled(put(second!, "among-the-others"));
    swarm.network.heal(first!.host, second!.host);
    swarm.network.heal(first!.host, third!.host);
    await swarm.until(() => swarm.up.filter(({ leads }) => leads).length === 1);
    expect(await namesAt(first!)).toContain("among-the-others");
  });

  it("let another one lead when the leader is stopped", async () => {
    swarm = await TestManagers.start(3);
    const [first, second] = swarm.all;
    const stopped = first!.stop();
    const start = swarm.clock.monotonic();
    await swarm.settled(put(second!, "c"));
    expect(swarm.clock.monotonic() - start).toBeLessThan(500);
    await stopped;
  });
});

describe("membership", () => {
  it("is had by nodes that are to be managers alone", async () => {
    swarm = await TestManagers.start(1, 2);
    const [first, second, third] = swarm.all;
    await setRole(first!, "m2", NodeRole.WORKER);
    const refused = second!.start({ kind: "join", managers: [first!.address] });
    await expect(refused).rejects.toMatchObject({ code: "permission_denied" });
    await swarm.join(third!);
    expect(await statusAt(third!)).toEqual({ m1: "leader REACHABLE", m2: undefined, m3: "follower REACHABLE" });
  });

  it("is asked for until it is granted, through any manager, or given up", async () => {
    swarm = await TestManagers.start(3, 2);
    const [first, second, third, fourth, fifth] = swarm.all;
    second!.kill();
    third!.kill();
    await swarm.until(() => !first!.leads);
    const joining = fourth!.open({ kind: "join", managers: [second!.address, first!.address] });
    const givenUp = new AbortController();
    const other = fifth!.open({ kind: "join", managers: [first!.address] }, givenUp.signal);
    other.catch(() => {});
    await swarm.clock.advance(20_000);
    givenUp.abort();
    await expect(swarm.settled(other)).rejects.toMatchObject({ code: "cancelled" });
    expect(fourth!.isUp).toBe(false);
    await second!.start();
    await swarm.settled(joining);
    await swarm.until(() => swarm.leader.manager.members().length === 4);
    await third!.start();
  });

  it("ends when the node is demoted, and the node may come again", async () => {
    swarm = await TestManagers.start(3);
    const [first, second, third] = swarm.all;
    await setRole(first!, "m3", NodeRole.WORKER);
    await swarm.until(() => third!.removed > 0);
    await swarm.until(() => first!.manager.view(tx => tx.node.get("m3")!.role) === NodeRole.WORKER);
    expect(
      second!.manager
        .members()
        .map(({ nodeId }) => nodeId)
        .sort(),
    ).toEqual(["m1", "m2"]);
    await third!.stop();
    const before = first!.manager.consensus.removedRaftIds;
    expect(before.length).toBe(1);
    await third!.disk.remove("/raft");
    await setRole(second!, "m3", NodeRole.MANAGER);
    await swarm.until(() => first!.manager.view(tx => tx.node.get("m3")!.role) === NodeRole.MANAGER);
    await swarm.join(third!);
    expect(before).not.toContain(third!.manager.consensus.raftId);
  });

  it("of the leader ends as well when it is demoted: another one leads first", async () => {
    swarm = await TestManagers.start(3);
    const [first, second] = swarm.all;
    await setRole(second!, "m1", NodeRole.WORKER);
    await swarm.until(() => first!.removed > 0);
    expect(swarm.leader.self.nodeId).not.toBe("m1");
    await swarm.until(() => swarm.leader.manager.view(tx => tx.node.get("m1")!.role) === NodeRole.WORKER);
    await swarm.settled(put(second!, "c"));
    await first!.stop();
  });

  it("is given up by who leaves, leading or not, but not by the last", async () => {
    swarm = await TestManagers.start(3);
    const [first, second, third] = swarm.all;
    await swarm.settled(first!.manager.leaveQuorum());
    await first!.stop();
    const rest = [second!, third!];
    const follower = rest.find(({ leads }) => !leads)!;
    await swarm.settled(follower.manager.leaveQuorum());
    await follower.stop();
    const last = swarm.leader;
    expect(last.manager.members().map(({ nodeId }) => nodeId)).toEqual([last.self.nodeId]);
    await expect(swarm.settled(last.manager.leaveQuorum())).rejects.toMatchObject({ code: "failed_precondition" });
    await swarm.settled(put(last, "c"));
  });

  it("goes on at another address", async () => {
    swarm = await TestManagers.start(3);
    const [first, second, third] = swarm.all;
    await third!.stop();
    third!.host = "10.0.0.33";
    await third!.start({ kind: "resume", managers: [second!.address] });
    await swarm.until(() => first!.manager.members().some(({ address }) => address === "10.0.0.33:2377"));
    first!.kill();
    await swarm.settled(put(third!, "c"));
    expect(await namesAt(second!)).toEqual(["c"]);
  });

  it("of all others is struck out by force", async () => {
    swarm = await TestManagers.start(3);
    const [first, second, third] = swarm.all;
    await swarm.settled(put(first!, "kept"));
    for (const manager of swarm.all) manager.kill();
    await second!.start({ kind: "force-new-cluster" });
    expect(await namesAt(second!)).toEqual(["kept"]);
    expect(second!.manager.members().map(({ nodeId }) => nodeId)).toEqual(["m2"]);
    await third!.disk.remove("/raft");
    await swarm.join(third!);
    expect(await namesAt(third!)).toEqual(["kept"]);
  });

  it("is got by a manager whose log is gone when there are others, and by none when there are not", async () => {
    swarm = await TestManagers.start(3);
    const [first, second] = swarm.all;
    const idOf = () => first!.manager.members().find(({ nodeId }) => nodeId === second!.self.nodeId)?.raftId;
    const before = idOf();
    await second!.stop();
    await second!.disk.remove("/raft");
    await expect(second!.start()).rejects.toMatchObject({ code: "not_found" });
    await second!.start({ kind: "resume", managers: [first!.address] });
    await swarm.until(() => first!.manager.members().filter(({ isVoter }) => isVoter).length === 3);
    // What it acknowledged and for whom it voted is gone with its log: it is another member.
    expect(idOf()).not.toBe(before);
  });
});
