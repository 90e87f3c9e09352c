import { describe, expect, it } from "vitest";
import { directory, type TestManager, TestQuorum, wantSnapshots } from "./quorum.test-kit.ts";

const at = (quorum: TestQuorum, place: number): TestManager => quorum.managers[place] as TestManager;

describe("the quorum's members", () => {
  it("get their vote once they have the log, and are known by the same ids everywhere", async () => {
    const quorum = await TestQuorum.start(3);
    const ids = quorum.leader.consensus.members.map(({ raftId, nodeId, address }) => `${raftId} ${nodeId} ${address}`);
    for (const { consensus } of quorum.managers)
      expect(consensus.members.map(({ raftId, nodeId, address }) => `${raftId} ${nodeId} ${address}`)).toEqual(ids);
    expect(new Set(ids).size).toBe(3);
    await quorum.stop();
  });

  it("do not hold up the others while they have no log yet", async () => {
    const quorum = await TestQuorum.start(1);
    const { leader } = quorum;
    await quorum.settled(leader.consensus.addMember("absent", "10.0.0.9:2377"));
    await quorum.settled(leader.put("a"));
    expect(leader.names).toEqual(["a"]);
    expect(leader.consensus.members.find(({ nodeId }) => nodeId === "absent")).toMatchObject({
      isVoter: false,
      isReachable: false,
    });
    await quorum.stop();
  });

  it("are told when they were removed, and never come back under their number", async () => {
    const quorum = await TestQuorum.start(3);
    const gone = quorum.followers[0] as TestManager;
    const { raftId } = gone.consensus;
    await quorum.settled(quorum.leader.consensus.removeMember(gone.name));
    expect(await quorum.until(() => gone.removed === 1)).toBeLessThan(200);
    expect(quorum.leader.consensus.members.length).toBe(2);
    expect(quorum.leader.consensus.removedRaftIds).toEqual([raftId]);
    const again = await quorum.settled(quorum.leader.consensus.addMember(gone.name, gone.address));
    expect(again.raftId).not.toBe(raftId);
    await quorum.stop();
  });

  it("get no vote when they are removed while it is due: the others would wait for it", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const quorum = await TestQuorum.start(1, seed);
      const { leader } = quorum;
      const second = await quorum.enter();
      leader.disk.slowness = 100;
      await quorum.settled(leader.consensus.removeMember(second.name));
      leader.disk.slowness = 1;
      second.kill();
      await quorum.clock.advance(2_000);
      await quorum.settled(leader.put("a"));
      expect(leader.consensus.members.map(({ nodeId }) => nodeId)).toEqual([leader.name]);
      await quorum.stop();
    }
  });

  it("are known as removed also by who gets a snapshot in the place of the log", async () => {
    const quorum = await TestQuorum.start(3);
    await wantSnapshots(quorum, 5n);
    const gone = quorum.followers[0] as TestManager;
    await quorum.settled(quorum.leader.consensus.removeMember(gone.name));
    for (let at = 0; at < 30; at++) await quorum.settled(quorum.leader.put(`s${at}`));
    const fresh = await quorum.join();
    await quorum.until(() => fresh.names.length === 30);
    expect(fresh.consensus.status().raft.firstIndex).toBeGreaterThan(10n);
    expect(fresh.consensus.removedRaftIds).toEqual(quorum.leader.consensus.removedRaftIds);
    expect(fresh.consensus.removedRaftIds).toHaveLength(1);
    await quorum.stop();
  });

  it("are told so when they come back long after", async () => {
    const quorum = await TestQuorum.start(3);
    const gone = quorum.followers[0] as TestManager;
    gone.kill();
    await quorum.settled(quorum.leader.consensus.removeMember(gone.name));
    await gone.start();
    await quorum.until(() => gone.removed === 1);
    expect(quorum.hasLeader()).toBe(true);
    await quorum.stop();
  });

  it("cannot be removed when the others are too few, unless forced", async () => {
    const quorum = await TestQuorum.start(3);
    const [down, up] = quorum.followers as [TestManager, TestManager];
    down.kill();
    await quorum.clock.advance(4_000);
    const { consensus } = quorum.leader;
    await expect(quorum.settled(consensus.removeMember(up.name))).rejects.toThrow(/loss of quorum/);
    await quorum.settled(consensus.removeMember(down.name));
    await expect(quorum.settled(consensus.removeMember(quorum.leader.name))).rejects.toMatchObject({
      code: "failed_precondition",
    });
    expect(consensus.members.length).toBe(2);
    await quorum.stop();
  });

  it("lead in turn, without losing what is under way", async () => {
    const quorum = await TestQuorum.start(3);
    const first = quorum.leader;
    await quorum.settled(first.put("a"));
    await quorum.settled(first.consensus.transferLeadership());
    await quorum.until(() => quorum.hasLeader());
    expect(quorum.leader).not.toBe(first);
    await quorum.settled(quorum.leader.put("b"));
    await quorum.until(() => first.names.length === 2);
    await quorum.settled(quorum.leader.consensus.removeMember(first.name));
    expect(quorum.leader.consensus.members.length).toBe(2);
    await quorum.stop();
  });

  it("begin anew under another number when they have lost their log", async () => {
    const quorum = await TestQuorum.start(3);
    const { leader } = quorum;
    const [lost] = quorum.followers as [TestManager];
    const before = lost.consensus.raftId;
    lost.kill();
    const again = await quorum.settled(leader.consensus.addMember(lost.name, lost.address, { isBlank: true }));
    expect([again.raftId !== before, leader.consensus.removedRaftIds]).toEqual([true, [before]]);
    expect(leader.consensus.members.map(({ nodeId, isVoter }) => `${nodeId} ${isVoter}`)).toContain(
      `${lost.name} false`,
    );
    await quorum.stop();
  });

  it("may move to another address", async () => {
    const quorum = await TestQuorum.start(3);
    const { leader } = quorum;
    const [follower] = quorum.followers as [TestManager];
    const before = follower.consensus.raftId;
    const moved = await quorum.settled(leader.consensus.addMember(follower.name, "10.0.0.77:2377"));
    expect(moved).toEqual({ raftId: before, nodeId: follower.name, address: "10.0.0.77:2377" });
    await quorum.until(() => at(quorum, 2).consensus.members.some(({ address }) => address === "10.0.0.77:2377"));
    await quorum.stop();
  });

  it("are asked before one is told that it is a member already: the one that leads no more does not know", async () => {
    const quorum = await TestQuorum.start(3);
    const old = quorum.leader;
    const [follower] = quorum.followers as [TestManager];
    const member = old.consensus.members.find(({ nodeId }) => nodeId === follower.name)!;
    expect(await quorum.settled(old.consensus.addMember(follower.name, member.address))).toMatchObject({
      raftId: member.raftId,
    });
    quorum.partition(old);
    const again = old.consensus.addMember(follower.name, member.address);
    await expect(quorum.settled(again)).rejects.toMatchObject({ code: "unavailable" });
    await quorum.stop();
  });

  it("see reads that are as new as any answer, and refuse them when they lead no more", async () => {
    const quorum = await TestQuorum.start(3);
    const old = quorum.leader;
    await quorum.settled(old.consensus.readBarrier());
    quorum.partition(old);
    const read = old.consensus.readBarrier();
    await expect(quorum.settled(read)).rejects.toMatchObject({ code: "unavailable" });
    await expect(quorum.followers[0]?.consensus.readBarrier()).rejects.toMatchObject({ code: "unavailable" });
    await quorum.stop();
  });
});

describe("a manager that lost the majority", () => {
  it("goes on alone with everything it has, and lets others in again", async () => {
    const quorum = await TestQuorum.start(3);
    const survivor = quorum.followers[0] as TestManager;
    await quorum.settled(Promise.all(["a", "b", "c"].map(name => quorum.leader.put(name))));
    await quorum.until(() => survivor.names.length === 3);
    for (const manager of quorum.managers) if (manager !== survivor) manager.kill();
    const old = survivor.consensus.members.filter(({ nodeId }) => nodeId !== survivor.name);
    await survivor.close();
    await survivor.start({ kind: "force-new-cluster" });
    await quorum.until(() => survivor.leads);
    expect(survivor.names).toEqual(["a", "b", "c"]);
    expect(survivor.consensus.members.map(({ nodeId }) => nodeId)).toEqual([survivor.name]);
    expect([...survivor.consensus.removedRaftIds].sort()).toEqual(old.map(({ raftId }) => raftId).sort());
    await quorum.settled(survivor.put("d"));
    const fresh = await quorum.join();
    await quorum.until(() => fresh.names.length === 4);
    await survivor.close();
    await survivor.start();
    await quorum.until(() => quorum.hasLeader());
    expect(quorum.leader.names).toEqual(["a", "b", "c", "d"]);
    await quorum.stop();
  });

  it("does not do so without a log", async () => {
    const quorum = await TestQuorum.start(1);
    const { leader } = quorum;
    await leader.close();
    for (const name of await leader.disk.list(directory)) await leader.disk.remove(`${directory}/${name}`);
    await expect(leader.start({ kind: "force-new-cluster" })).rejects.toMatchObject({ code: "not_found" });
  });
});
