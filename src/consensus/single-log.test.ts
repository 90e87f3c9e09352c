import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Fault } from "../lib/fault.ts";
import type { Secret } from "../model/objects.ts";
import { newMeta } from "../model/objects.ts";
import { silentLogger } from "../ports/log.ts";
import { SimClock } from "../sim/clock.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimRandom } from "../sim/random.ts";
import { Store } from "../store/store.ts";
import { ClusterSchema, SecretSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ClusterSpecSchema, SecretSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aesGcmSealer, dataKeyBytes } from "./sealer.ts";
import { SingleLog } from "./single-log.ts";

const directory = "/raft";
const key = new Uint8Array(dataKeyBytes).fill(1);

function secret(name: string, data = "x"): Secret {
  const annotations = create(AnnotationsSchema, { name });
  const spec = create(SecretSpecSchema, { annotations, data: new TextEncoder().encode(data) });
  return { ...create(SecretSchema, { id: name }), meta: newMeta(), spec: { ...spec, annotations } };
}

async function start(disk: SimDisk, faults: Fault[] = []) {
  const store = new Store({ clock: new SimClock() });
  const sealer = aesGcmSealer(key, new SimRandom(3));
  const log = await SingleLog.open({
    store,
    disk,
    directory,
    sealer,
    log: silentLogger,
    onBroken: fault => faults.push(fault),
  });
  return { store, log, names: () => store.view(tx => [...tx.secret.all()].map(one => one.id).sort()) };
}

/** A cluster object that asks for a snapshot every `interval` entries. */
async function wantSnapshots(store: Store, interval: bigint): Promise<void> {
  const annotations = create(AnnotationsSchema, { name: "default" });
  const spec = create(ClusterSpecSchema, { annotations, raft: { snapshotInterval: interval } });
  const cluster = { ...create(ClusterSchema, { id: "c" }), meta: newMeta(), spec: { ...spec, annotations } };
  await store.update(tx => tx.cluster.create(cluster));
}

describe("a single manager's log", () => {
  it("finds every object again, with its version", async () => {
    const disk = new SimDisk();
    const first = await start(disk);
    await Promise.all(["a", "b", "c"].map(name => first.store.update(tx => tx.secret.create(secret(name)))));
    const before = first.store.view(tx => tx.secret.get("b"));
    disk.crash(new SimRandom(1));
    const second = await start(disk);
    expect(second.names()).toEqual(["a", "b", "c"]);
    expect(second.store.view(tx => tx.secret.get("b"))).toEqual(before);
    expect(second.store.version).toBe(first.store.version);
    await second.store.update(tx => tx.secret.create(secret("d")));
    expect(second.store.version).toBe(first.store.version + 1n);
  });

  it("snapshots when enough entries have come, and starts from there", async () => {
    const disk = new SimDisk();
    const first = await start(disk);
    await wantSnapshots(first.store, 10n);
    for (let at = 0; at < 25; at++) await first.store.update(tx => tx.secret.create(secret(`s${at}`)));
    await first.log.close();
    const files = await disk.list(directory);
    expect(files.filter(name => name.startsWith("snap-"))).toHaveLength(1);
    const second = await start(disk);
    expect(second.names()).toHaveLength(25);
    expect(second.store.version).toBe(26n);
  });

  it("keeps no secret in clear", async () => {
    const disk = new SimDisk();
    const { store, log } = await start(disk);
    await wantSnapshots(store, 1n);
    await store.update(tx => tx.secret.create(secret("pass", "correct horse battery staple")));
    await log.close();
    for (const name of await disk.list(directory))
      expect(Buffer.from((await disk.read(`${directory}/${name}`)) ?? []).includes("battery")).toBe(false);
  });

  it("refuses what the full disk cannot take, and goes on", async () => {
    const disk = new SimDisk();
    const faults: Fault[] = [];
    const { store, names } = await start(disk, faults);
    await store.update(tx => tx.secret.create(secret("a")));
    disk.failNext("append", "resource_exhausted");
    const refused = store.update(tx => tx.secret.create(secret("b")));
    await expect(refused).rejects.toMatchObject({ code: "resource_exhausted" });
    await store.update(tx => tx.secret.create(secret("c")));
    expect(names()).toEqual(["a", "c"]);
    expect(faults).toEqual([]);
  });

  it("finishes what is under way when it is closed, and refuses what comes later without calling itself broken", async () => {
    const disk = new SimDisk();
    const faults: Fault[] = [];
    const { store, log, names } = await start(disk, faults);
    const first = store.update(tx => tx.secret.create(secret("a")));
    await Promise.resolve();
    const second = store.update(tx => tx.secret.create(secret("b")));
    const closed = log.close();
    await first;
    await expect(second).rejects.toMatchObject({ code: "unavailable" });
    await closed;
    expect([names(), faults]).toEqual([["a"], []]);
    expect((await start(disk)).names()).toEqual(["a"]);
  });

  it("says when it is broken for good", async () => {
    const disk = new SimDisk();
    const faults: Fault[] = [];
    const { store, names } = await start(disk, faults);
    disk.failNext("sync", "data_loss");
    await expect(store.update(tx => tx.secret.create(secret("a")))).rejects.toThrow();
    expect(names()).toEqual([]);
    expect(faults).toHaveLength(1);
  });

  it("loses no answered update over crashes at any moment", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new SimRandom(seed);
      const disk = new SimDisk();
      const answered = new Set<string>();
      for (let life = 0; life < 4; life++) {
        const { store, names } = await start(disk);
        expect(names(), `seed ${seed}`).toEqual(expect.arrayContaining([...answered]));
        if (life === 0) await wantSnapshots(store, 8n);
        const running: Promise<unknown>[] = [];
        for (let at = 0; at < 15; at++) {
          const name = `${life}-${at}`;
          running.push(
            store
              .update(tx => tx.secret.create(secret(name)))
              .then(
                () => answered.add(name),
                () => {},
              ),
          );
          if (random.float() < 0.4) await running.at(-1);
        }
        if (random.float() < 0.5) await Promise.all(running);
        disk.crash(random);
        await Promise.all(running);
      }
    }
  });
});
