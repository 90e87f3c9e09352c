import { describe, expect, it } from "vitest";
import { SimRandom } from "../sim/random.ts";
import { directory, type TestManager, TestQuorum, wantSnapshots } from "./quorum.test-kit.ts";

async function single(): Promise<{ quorum: TestQuorum; manager: TestManager }> {
  const quorum = await TestQuorum.start(1);
  return { quorum, manager: quorum.leader };
}

async function restart(quorum: TestQuorum, manager: TestManager): Promise<void> {
  await manager.start();
  await quorum.until(() => manager.leads);
}

describe("a single manager's log", () => {
  it("finds every object again, with its version, after a power cut", async () => {
    const { quorum, manager } = await single();
    await quorum.settled(Promise.all(["a", "b", "c"].map(name => manager.put(name))));
    const before = manager.store.view(tx => tx.secret.get("b"));
    const { version } = manager.store;
    manager.kill();
    manager.disk.crash(new SimRandom(1));
    await restart(quorum, manager);
    expect(manager.names).toEqual(["a", "b", "c"]);
    expect(manager.store.view(tx => tx.secret.get("b"))).toEqual(before);
    expect(manager.store.version).toBe(version);
    await quorum.settled(manager.put("d"));
    expect(manager.store.version > version).toBe(true);
  });

  it("leads at once when it starts", async () => {
    const { quorum, manager } = await single();
    await quorum.settled(manager.put("a"));
    manager.kill();
    await manager.start();
    expect(await quorum.until(() => manager.leads)).toBeLessThan(100);
  });

  it("snapshots when enough entries have come, drops the log, and starts from there", async () => {
    const { quorum, manager } = await single();
    await wantSnapshots(quorum, 10n);
    for (let at = 0; at < 90; at++) await quorum.settled(manager.put(`s${at}`));
    expect(manager.consensus.status().raft.firstIndex).toBeGreaterThan(20n);
    await manager.close();
    const files = await manager.disk.list(directory);
    expect(files.filter(name => name.startsWith("snap-"))).toHaveLength(1);
    await restart(quorum, manager);
    expect(manager.names).toHaveLength(90);
    expect(manager.consensus.status().snapshotIndex).toBeGreaterThan(20n);
  });

  it("snapshots when few entries have become a big log, and no sooner than twice the state's size comes again", async () => {
    const { quorum, manager } = await single();
    const megabyte = "x".repeat(1_000_000);
    const snapshotAfter = async (writes: number): Promise<bigint> => {
      while (manager.names.length < writes) await quorum.settled(manager.put(`s${manager.names.length}`, megabyte));
      return manager.consensus.status().snapshotIndex;
    };
    expect(await snapshotAfter(33)).toBe(0n);
    await snapshotAfter(34);
    await quorum.until(() => manager.consensus.status().snapshotIndex > 0n);
    const first = await snapshotAfter(35);
    expect(await snapshotAfter(100)).toBe(first);
    await snapshotAfter(105);
    await quorum.until(() => manager.consensus.status().snapshotIndex > first);
  });

  it("keeps no secret in clear", async () => {
    const { quorum, manager } = await single();
    await wantSnapshots(quorum, 1n);
    await quorum.settled(manager.put("pass", "correct horse battery staple"));
    await manager.close();
    for (const name of await manager.disk.list(directory))
      expect(Buffer.from((await manager.disk.read(`${directory}/${name}`)) ?? []).includes("battery")).toBe(false);
  });

  it("refuses what the full disk cannot take, and goes on when there is room", async () => {
    const { quorum, manager } = await single();
    await quorum.settled(manager.put("a"));
    manager.disk.failNext("append", "resource_exhausted");
    await expect(quorum.settled(manager.put("b"))).rejects.toMatchObject({ code: "unavailable" });
    await expect(quorum.settled(manager.put("c"))).rejects.toMatchObject({ code: "resource_exhausted" });
    await quorum.until(() => manager.leads);
    await quorum.settled(manager.put("d"));
    // Nobody knew what would become of "b"; "c" was never taken.
    expect(manager.names.filter(name => name !== "b")).toEqual(["a", "d"]);
    expect(manager.faults).toEqual([]);
  });

  it("finishes what is under way when it is closed, and refuses what comes later without calling itself broken", async () => {
    const { quorum, manager } = await single();
    const first = manager.put("a");
    await Promise.resolve();
    const second = manager.put("b");
    const refused = expect(second).rejects.toMatchObject({ code: "unavailable" });
    await manager.close();
    await first;
    await refused;
    expect([manager.names, manager.faults]).toEqual([["a"], []]);
    await restart(quorum, manager);
    expect(manager.names).toEqual(["a"]);
  });

  it("says when it is broken for good, and does not answer for what it could not write", async () => {
    const { quorum, manager } = await single();
    manager.disk.failNext("sync", "data_loss");
    await expect(quorum.settled(manager.put("a"))).rejects.toThrow();
    expect(manager.names).toEqual([]);
    expect(manager.faults).toHaveLength(1);
    expect(manager.leads).toBe(false);
  });

  it("refuses to start from a log that is not there, or damaged in the middle", async () => {
    const { quorum, manager } = await single();
    for (const name of ["a", "b", "c"]) await quorum.settled(manager.put(name));
    await manager.close();
    const [segment] = await manager.disk.list(directory);
    manager.disk.corrupt(`${directory}/${segment}`, 60);
    await expect(manager.start()).rejects.toThrow(/damaged at byte \d+.*join again/);
    await manager.disk.remove(`${directory}/${segment}`);
    await expect(manager.start()).rejects.toMatchObject({ code: "not_found" });
  });

  it("loses no answered update over power cuts at any moment", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new SimRandom(seed);
      const { quorum, manager } = await single();
      await wantSnapshots(quorum, 8n);
      const answered = new Set<string>();
      for (let life = 0; life < 4; life++) {
        if (life > 0) await restart(quorum, manager);
        expect(manager.names, `seed ${seed}`).toEqual(expect.arrayContaining([...answered]));
        const running: Promise<unknown>[] = [];
        for (let at = 0; at < 15; at++) {
          const name = `${life}-${at}`;
          const put = manager.put(name).then(() => answered.add(name));
          running.push(put);
          if (random.float() < 0.4) await quorum.settled(put);
        }
        if (random.float() < 0.5) await quorum.settled(Promise.all(running));
        manager.kill();
        manager.disk.crash(random);
      }
    }
  });
});
