import { describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { versionOf } from "../model/objects.ts";
import { fromTimestamp } from "../model/time.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { sampleConfig, sampleNetwork, sampleSecret, sampleService, sampleTask } from "../sim/samples.ts";
import { newSimStore, type SimStore } from "../sim/store.ts";
import { toRequest } from "./changes.ts";
import { Store } from "./store.ts";
import type { StoreEvent, WriteTx } from "./tx.ts";

function recorded(store: Store): StoreEvent[] {
  const events: StoreEvent[] = [];
  store.onCommit(batch => events.push(...batch));
  return events;
}

/** An entry that removes the task t. */
const removal = toRequest(2n, [{ kind: "task", action: "remove", id: "t" }]);

const names = (store: Store) => store.view(tx => [...tx.service.all()].map(service => service.spec.annotations.name));

describe("an update", () => {
  it("stamps versions and times from the log's index and the clock", async () => {
    const clock = new SimClock(1000);
    const store = newSimStore({ clock });
    const created = await store.update(tx => tx.service.create(sampleService("a")));
    expect(versionOf(created)).toBe(1n);
    await clock.advance(500);
    const updated = await store.update(tx => tx.service.update({ ...created, pendingDelete: true }));
    expect(versionOf(updated)).toBe(2n);
    expect(fromTimestamp(updated.meta.createdAt)).toBe(1000);
    expect(fromTimestamp(updated.meta.updatedAt)).toBe(1500);
    expect(store.view(tx => tx.service.get("a"))).toBe(updated);
    expect(store.version).toBe(2n);
  });

  it("takes back what a callback wrote before it threw, and that alone", async () => {
    const store = newSimStore();
    const [first, second, third] = await Promise.allSettled([
      store.update(tx => tx.service.create(sampleService("a"))),
      store.update(tx => {
        tx.service.create(sampleService("b"));
        tx.service.remove("a");
        throw new Error("changed my mind");
      }),
      store.update(tx => tx.service.create(sampleService("c"))),
    ]);
    expect(first.status).toBe("fulfilled");
    expect(second).toMatchObject({ status: "rejected", reason: new Error("changed my mind") });
    expect(third).toMatchObject({ status: "fulfilled" });
    expect(names(store)).toEqual(["a", "c"]);
    expect(store.version).toBe(2n);
  });

  it("refuses a version that is not the stored one", async () => {
    const store = newSimStore();
    const created = await store.update(tx => tx.service.create(sampleService("a")));
    await store.update(tx => tx.service.update({ ...created, pendingDelete: true }));
    const stale = store.update(tx => tx.service.update(created));
    await expect(stale).rejects.toEqual(new Fault("unknown", "update out of sequence"));
    expect(store.view(tx => tx.service.get("a")?.pendingDelete)).toBe(true);
  });

  it.each<[string, string, (tx: WriteTx, id: string, name: string) => unknown]>([
    [
      "service",
      "name conflicts with an existing object: service web already exists",
      (tx, id, name) => tx.service.create(sampleService(id, name)),
    ],
    ["secret", "secret web already exists", (tx, id, name) => tx.secret.create(sampleSecret(id, name))],
    ["config", "config web already exists", (tx, id, name) => tx.config.create(sampleConfig(id, name))],
    ["network", "network with name web already exists", (tx, id, name) => tx.network.create(sampleNetwork(id, name))],
  ])("refuses a second %s of one name, whatever its letters' case", async (_, text, add) => {
    const store = newSimStore();
    await store.update(tx => add(tx, "a", "web"));
    await expect(store.update(tx => add(tx, "b", "web"))).rejects.toEqual(new Fault("already_exists", text));
    await expect(store.update(tx => add(tx, "b", "WEB"))).rejects.toThrow("already exists");
    expect(store.version).toBe(1n);
  });

  it("makes one change of many writes to one object", async () => {
    const store = newSimStore();
    const events = recorded(store);
    await store.update(tx => {
      const created = tx.config.create(sampleConfig("a"));
      tx.config.update({ ...created, spec: { ...created.spec, data: Uint8Array.of(2) } });
      tx.config.create(sampleConfig("gone"));
      tx.config.remove("gone");
    });
    expect(events.map(({ action, object }) => [action, object.id])).toEqual([["create", "a"]]);
    expect(store.view(tx => tx.config.get("a")?.spec.data)).toEqual(Uint8Array.of(2));
  });

  it.each<[string, readonly ("create" | "remove")[], readonly string[], string | undefined]>([
    ["a new one", ["create"], ["create"], "x"],
    ["one that comes, goes and comes", ["create", "remove", "create"], ["create"], "x"],
    ["one that goes and comes", ["remove", "create"], ["update"], "t"],
    ["one that goes, comes and goes", ["remove", "create", "remove"], ["remove"], "t"],
    ["one that goes, comes, goes and comes", ["remove", "create", "remove", "create"], ["update"], "t"],
  ])("sums up what became of %s", async (_, steps, expected, id = "x") => {
    const store = newSimStore();
    const before = await store.update(tx => tx.task.create(sampleTask("t")));
    const events = recorded(store);
    const make = (tx: WriteTx) => {
      for (const step of steps)
        if (step === "create") tx.task.update({ ...tx.task.create(sampleTask(id)), nodeId: "n" });
        else tx.task.remove(id);
    };
    const threw = store.update(tx => {
      make(tx);
      throw new Error("changed my mind");
    });
    await expect(threw).rejects.toThrow("changed my mind");
    expect(store.view(tx => [[...tx.task.all()], [...tx.task.byNode("")]])).toEqual([[before], [before]]);
    await store.update(make);
    expect(events.map(({ action, object }) => [action, object.id])).toEqual(expected.map(action => [action, id]));
    expect(store.view(tx => [...tx.task.byNode("n")].length)).toBe(expected.includes("remove") ? 0 : 1);
  });

  it("is not encoded where nobody needs the bytes", async () => {
    const store = new Store({ clock: new SimClock() });
    const sizes: number[] = [];
    store.attach({
      needsBytes: false,
      nextIndex: () => store.version + 1n,
      async propose(batch) {
        for (const { request, bytes } of batch) {
          sizes.push(bytes.length);
          store.apply(store.version + 1n, request);
        }
      },
    });
    await store.update(tx => tx.service.create(sampleService("a")));
    expect(names(store)).toEqual(["a"]);
    expect(sizes).toEqual([0]);
  });

  it("proposes nothing without writes", async () => {
    const store = newSimStore();
    expect(await store.update(tx => tx.service.size)).toBe(0);
    await store.update(tx => {
      tx.config.create(sampleConfig("a"));
      tx.config.remove("a");
    });
    expect(store.proposer.batchSizes).toEqual([]);
    expect(store.version).toBe(0n);
  });

  it("is refused while nobody leads, and runs again afterwards", async () => {
    const store = newSimStore();
    store.proposer.setLeader(false);
    const refused = store.update(tx => tx.service.create(sampleService("a")));
    await expect(refused).rejects.toMatchObject({ code: "unavailable" });
    store.proposer.setLeader(true);
    await store.update(tx => tx.service.create(sampleService("b")));
    expect(names(store)).toEqual(["b"]);
  });

  it("is refused before the store has a log", async () => {
    const store = new Store({ clock: new SimClock() });
    await expect(store.update(() => 1)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("is refused when its entry would be too large", async () => {
    const store = newSimStore();
    const large = sampleConfig("a", "a", new Uint8Array(2 * 1024 * 1024));
    await expect(store.update(tx => tx.config.create(large))).rejects.toMatchObject({ code: "resource_exhausted" });
    expect(store.view(tx => tx.config.size)).toBe(0);
  });

  it("must be synchronous", async () => {
    const store = newSimStore();
    await expect(store.update(async tx => tx.service.size)).rejects.toThrow("must not be asynchronous");
  });
});

describe("group commit", () => {
  const create = (store: SimStore, id: string) => store.update(tx => tx.service.create(sampleService(id)));

  it("sends what came while a proposal was under way as one", async () => {
    const store = newSimStore({ hold: true });
    const first = create(store, "a");
    await settle();
    const rest = [create(store, "b"), create(store, "c"), create(store, "d")];
    await settle();
    expect(store.proposer.batchSizes).toEqual([1]);
    expect(names(store)).toEqual([]);
    store.proposer.release();
    await first;
    await settle();
    expect(store.proposer.batchSizes).toEqual([1, 3]);
    expect(names(store)).toEqual(["a"]);
    store.proposer.release();
    expect((await Promise.all(rest)).map(versionOf)).toEqual([2n, 3n, 4n]);
    expect(store.version).toBe(4n);
  });

  it("lets each update see those before it, and nobody else before the commit", async () => {
    const store = newSimStore({ hold: true });
    const seen: number[] = [];
    const work = [1, 2, 3].map(n =>
      store.update(tx => {
        seen.push(tx.service.size);
        tx.service.create(sampleService(`s${n}`));
      }),
    );
    await settle();
    expect(seen).toEqual([0, 1, 2]);
    expect(store.view(tx => [tx.service.size, tx.service.byIdPrefix("s"), tx.service.byNamePrefix("s")])).toEqual([
      0,
      [],
      [],
    ]);
    store.proposer.release();
    await Promise.all(work);
    expect(store.view(tx => tx.service.size)).toBe(3);
  });

  it("commits none of a batch that fails, nor what only read from it", async () => {
    const store = newSimStore({ hold: true });
    const before = store.update(tx => tx.service.size);
    const wrote = create(store, "a");
    const read = store.update(tx => tx.service.size);
    const threw = create(store, "a");
    const outcomes = Promise.allSettled([before, wrote, read, threw]);
    await settle();
    store.proposer.fail(new Fault("unavailable", "lost"));
    const lost = { status: "rejected", reason: new Fault("unavailable", "lost") };
    expect(await outcomes).toEqual([{ status: "fulfilled", value: 0 }, lost, lost, lost]);
    expect(names(store)).toEqual([]);
    const again = create(store, "a");
    await settle();
    store.proposer.release();
    expect(versionOf(await again)).toBe(1n);
  });

  it("answers a reader only when what it read is committed", async () => {
    const store = newSimStore({ hold: true });
    const done: string[] = [];
    void create(store, "a").then(() => done.push("write"));
    void store.update(tx => tx.service.size).then(size => done.push(`read ${size}`));
    await settle();
    expect(done).toEqual([]);
    store.proposer.release();
    await settle();
    expect(done).toEqual(["write", "read 1"]);
  });

  it("bounds a proposal", async () => {
    const store = newSimStore();
    const all = Array.from({ length: 600 }, (_, n) => create(store, `s${n}`));
    await Promise.all(all);
    expect(store.proposer.batchSizes).toEqual([256, 256, 88]);
    const large = Array.from({ length: 5 }, (_, n) =>
      store.update(tx => tx.config.create(sampleConfig(`c${n}`, `c${n}`, new Uint8Array(1_000_000)))),
    );
    await Promise.all(large);
    expect(store.proposer.batchSizes.slice(3)).toEqual([3, 2]);
  });

  it("bounds what waits", async () => {
    const store = newSimStore({ hold: true });
    const all = Array.from({ length: 10_001 }, () => store.update(tx => tx.service.size));
    await expect(all.at(-1)).rejects.toMatchObject({ code: "resource_exhausted" });
    expect(await all[9999]).toBe(0);
  });
});

describe("committed entries", () => {
  it("tell listeners what changed, with the objects from before", async () => {
    const store = newSimStore();
    const events = recorded(store);
    const created = await store.update(tx => tx.task.create(sampleTask("t")));
    const updated = await store.update(tx => tx.task.update({ ...created, nodeId: "n" }));
    await store.update(tx => tx.task.remove("t"));
    expect(events).toEqual([
      { kind: "task", action: "create", version: 1n, object: created },
      { kind: "task", action: "update", version: 2n, object: updated, old: created },
      { kind: "task", action: "remove", version: 3n, object: updated },
    ]);
  });

  it("make the same state from their bytes", async () => {
    const here = newSimStore();
    const there = newSimStore({ encode: true });
    for (const store of [here, there]) {
      const service = sampleService("s");
      await store.update(tx => tx.service.create(service));
      for (const id of ["a", "b", "c"]) await store.update(tx => tx.task.create(sampleTask(id, service)));
      await store.update(tx => tx.task.remove("b"));
    }
    expect(there.snapshot()).toEqual(here.snapshot());
    const [a, c] = there.view(tx => [tx.task.get("a"), tx.task.get("c")]);
    expect(a?.spec).toBe(c?.spec);
  });

  it("are passed over when they are applied already", async () => {
    const store = newSimStore();
    await store.update(tx => tx.task.create(sampleTask("t")));
    const events = recorded(store);
    store.apply(1n, removal);
    expect(events).toEqual([]);
    store.apply(2n, removal);
    expect(store.view(tx => tx.task.size)).toBe(0);
  });

  it("that do not fit stop the store", () => {
    const store = newSimStore();
    expect(() => store.apply(1n, removal)).toThrow("Cannot apply log entry 1 to task t");
  });
});
