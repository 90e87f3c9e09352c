import { describe, expect, it } from "vitest";
import { noLeaderText } from "./leadership.ts";
import { directory, TestQuorum, wantSnapshots } from "./quorum.test-kit.ts";

describe("several managers' log", () => {
  it("has what one of them was told on all, also after the leader is gone", async () => {
    const quorum = await TestQuorum.start(3);
    const { leader } = quorum;
    await quorum.settled(Promise.all(["a", "b", "c"].map(name => leader.put(name))));
    await quorum.until(() => quorum.managers.every(({ names }) => names.length === 3));
    leader.kill();
    await quorum.until(() => quorum.hasLeader(), 500);
    await quorum.settled(quorum.leader.put("d"));
    await leader.start();
    await quorum.until(() => leader.names.join("") === "abcd");
    expect(quorum.managers.map(({ faults }) => faults)).toEqual([[], [], []]);
    await quorum.stop();
  });

  it("refuses writes on followers and without a quorum", async () => {
    const quorum = await TestQuorum.start(3);
    const { leader } = quorum;
    const [one, two] = quorum.followers;
    await expect(quorum.settled(one?.put("a") ?? Promise.resolve())).rejects.toThrow(noLeaderText);
    one?.kill();
    two?.kill();
    await expect(quorum.settled(leader.put("b"))).rejects.toMatchObject({ code: "unavailable" });
    await quorum.until(() => !leader.leads, 3_000);
    await expect(quorum.settled(leader.put("c"))).rejects.toThrow(noLeaderText);
    await one?.start();
    await quorum.until(() => quorum.hasLeader(), 5_000);
    await quorum.settled(quorum.leader.put("d"));
    await quorum.stop();
  });

  it("is led by another one at once when the leader's disk is full", async () => {
    const quorum = await TestQuorum.start(3);
    const { leader } = quorum;
    leader.disk.isFull = true;
    await expect(quorum.settled(leader.put("a"))).rejects.toMatchObject({ code: "unavailable" });
    expect(await quorum.until(() => quorum.hasLeader() && !leader.leads)).toBeLessThan(500);
    await quorum.settled(quorum.leader.put("b"));
    leader.disk.repair();
    await quorum.until(() => leader.names.includes("b"));
    expect(leader.faults).toEqual([]);
    await quorum.stop();
  });

  it("brings a manager up to date by snapshot when the log is gone", async () => {
    const quorum = await TestQuorum.start(3);
    await wantSnapshots(quorum, 10n);
    const [late] = quorum.followers;
    late?.kill();
    for (let at = 0; at < 60; at++) await quorum.settled(quorum.leader.put(`s${at}`));
    const files = await quorum.leader.disk.list(directory);
    expect(files.some(name => name.startsWith("snap-"))).toBe(true);
    await late?.start();
    await quorum.until(() => late?.names.length === 60);
    late?.kill();
    await late?.start();
    await quorum.until(() => late?.names.length === 60);
    expect(late?.consensus.members.length).toBe(3);
    const fourth = await quorum.join();
    await quorum.until(() => fourth.names.length === 60);
    await quorum.stop();
  });
});
