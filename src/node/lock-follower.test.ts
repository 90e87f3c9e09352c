import { create } from "@bufbuild/protobuf";
import { beforeAll, describe, expect, it } from "vitest";
import { type NewCluster, newCluster } from "../ca/new-cluster.ts";
import { Journal } from "../consensus/journal.ts";
import { aesGcmSealer, ChangingSealer } from "../consensus/sealer.ts";
import { inParts } from "../consensus/snapshot-files.ts";
import { Fault } from "../lib/fault.ts";
import type { Cluster } from "../model/objects.ts";
import { dataKeyOf, loadNodeFiles, nextDataKeyOf, saveNodeFiles } from "../pki/key-file.ts";
import { isLocking, noLock } from "../pki/key-lock.ts";
import type { AppendFile, Disk } from "../ports/disk.ts";
import { silentLogger } from "../ports/log.ts";
import { noConfiguration } from "../raft/configuration.ts";
import type { Entry, Snapshot } from "../raft/entry.ts";
import { SimClock } from "../sim/clock.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimRandom } from "../sim/random.ts";
import { ClusterSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { headersFor, Keyring } from "./keyring.ts";
import { LockFollower } from "./lock-follower.ts";

const certificates = "/swarm/certificates";
const raft = "/swarm/raft";
const clock = new SimClock();
const random = new SimRandom(3);
/** Small enough that the log has several segments. */
const segmentBytes = 600;
const entriesBefore = 24;

/** Loses power at one of its operations: that one may be done by half, and none is done after it. */
class CutDisk implements Disk {
  readonly #disk: SimDisk;
  operations = 0;
  readonly #cutAt: number;

  constructor(disk: SimDisk, cutAt: number) {
    this.#disk = disk;
    this.#cutAt = cutAt;
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return this.#disk.read(path);
  }
  list(directory: string): Promise<string[]> {
    return this.#disk.list(directory);
  }
  makeDirectory(): Promise<void> {
    return this.#disk.makeDirectory();
  }
  replace(path: string, content: Uint8Array): Promise<void> {
    return this.#operation(() => this.#disk.replace(path, content));
  }
  remove(path: string): Promise<void> {
    return this.#operation(() => this.#disk.remove(path));
  }
  recycle(path: string, spare: string): Promise<void> {
    return this.#operation(() => this.#disk.recycle(path, spare));
  }
  async openAppend(path: string, reserveBytes?: number, spare?: string): Promise<AppendFile> {
    const file = await this.#operation(() => this.#disk.openAppend(path, reserveBytes, spare));
    const step = <T>(run: () => Promise<T>) => this.#operation(run);
    return {
      get size() {
        return file.size;
      },
      append: chunks => step(() => file.append(chunks)),
      sync: () => step(() => file.sync()),
      truncate: size => step(() => file.truncate(size)),
      close: () => file.close(),
    };
  }

  async #operation<T>(run: () => Promise<T>): Promise<T> {
    if (this.operations++ >= this.#cutAt) throw new Fault("data_loss", "the power is off");
    return run();
  }
}

const entry = (index: number): Entry => ({
  kind: "data",
  data: new TextEncoder().encode(`entry ${index} and what it says`),
  index: BigInt(index),
  term: 1n,
});

/** A manager's disk and its keys, as one run of its daemon has them. */
class Run {
  readonly keyring: Keyring;
  readonly sealer: ChangingSealer;
  readonly journal: Journal;
  renewals = 0;
  #cluster: Cluster | undefined;
  #changed = (): void => {};
  readonly follower: LockFollower;
  #written = 0;

  private constructor(keyring: Keyring, sealer: ChangingSealer, journal: Journal) {
    this.keyring = keyring;
    this.sealer = sealer;
    this.journal = journal;
    this.follower = new LockFollower({
      ...{ keyring, clock, random, log: silentLogger },
      manager: {
        cluster: () => this.#cluster,
        onCluster: changed => {
          this.#changed = changed;
          return () => {};
        },
        changeDataKey: async next => {
          sealer.change(next);
          await journal.reseal();
        },
      },
      renew: async () => void this.renewals++,
    });
    this.follower.start();
  }

  static async of(disk: Disk, unlockKeys: readonly Uint8Array[]): Promise<Run> {
    const files = await loadWithAny(disk, unlockKeys);
    const directory = certificates;
    const keyring = new Keyring({ disk, random, directory, files, beforeNewDataKey: async () => {} });
    const sealer = new ChangingSealer(keyring.dataKey(), random);
    const next = keyring.nextDataKey();
    if (next) sealer.change(next);
    const opened = await Journal.open({ disk, directory: raft, sealer, log: silentLogger, segmentBytes });
    const run = new Run(keyring, sealer, opened!.journal);
    run.#written = Number(opened!.journal.storage.lastIndex);
    return run;
  }

  get lastIndex(): number {
    return this.#written;
  }

  async write(): Promise<void> {
    const next = this.#written + 1;
    await this.journal.save([{ snapshot: undefined, entries: [entry(next)], hardState: undefined, mustSync: true }]);
    this.#written = next;
  }

  show(cluster: Cluster): void {
    this.#cluster = cluster;
    this.#changed();
  }

  async end(): Promise<void> {
    await this.follower.stop();
    await this.journal.close();
  }
}

/** As an operator would, who has the old key and the new one. */
async function loadWithAny(disk: Disk, unlockKeys: readonly Uint8Array[]) {
  for (const key of unlockKeys) {
    try {
      return (await loadNodeFiles(disk, certificates, key))!;
    } catch (error) {
      if ((error as Fault).code !== "unauthenticated") throw error;
    }
  }
  return (await loadNodeFiles(disk, certificates))!;
}

let swarm: NewCluster;

beforeAll(async () => {
  const spec = create(ClusterSpecSchema, {});
  swarm = await newCluster({
    ...{ spec, availability: 0, addressPools: [], subnetSize: 0, dataPathPort: 0, clock, random },
  });
});

/** The cluster with its managers locked by the key, or not. */
function clusterWith(key: Uint8Array | undefined, version: bigint): Cluster {
  const { cluster } = swarm;
  return {
    ...cluster,
    meta: { ...cluster.meta, version: { $typeName: "docker.swarmkit.v1.Version", index: version } },
    spec: {
      ...cluster.spec,
      encryptionConfig: { $typeName: "docker.swarmkit.v1.EncryptionConfig", autoLockManagers: key !== undefined },
    },
    unlockKeys: key
      ? [
          {
            $typeName: "docker.swarmkit.v1.EncryptionKey",
            subsystem: "swarm-manager",
            algorithm: 0,
            key,
            lamportTime: 0n,
          },
        ]
      : [],
  };
}

/** A manager's disk with keys in clear, a snapshot and a log of several segments. */
async function inClear(): Promise<SimDisk> {
  const disk = new SimDisk();
  const headers = headersFor("manager", new Map(), random);
  await saveNodeFiles(disk, certificates, { ...swarm.credentials, headers, lock: noLock });
  const sealer = aesGcmSealer(dataKeyOf(headers)!, random);
  const options = { disk, directory: raft, sealer, log: silentLogger, segmentBytes };
  const journal = await Journal.create(options, { raftId: 7n, peers: [] });
  const write = (index: number) =>
    journal.save([
      {
        snapshot: undefined,
        entries: [entry(index)],
        hardState: { term: 1n, vote: 7n, commit: BigInt(index) },
        mustSync: true,
      },
    ]);
  for (let index = 1; index <= entriesBefore; index++) await write(index);
  const snapshot: Snapshot = { index: 8n, term: 1n, configuration: noConfiguration, data: new Uint8Array(100).fill(5) };
  await journal.record(inParts(snapshot), { entries: 2n, oldSnapshots: 0 });
  await journal.close();
  return disk;
}

/** Everything in the manager's log can be read with this key alone, up to the last index. */
async function expectWhole(disk: Disk, key: Uint8Array, lastIndex: number): Promise<void> {
  const sealer = aesGcmSealer(key, random);
  const opened = (await Journal.open({ disk, directory: raft, sealer, log: silentLogger, segmentBytes }))!;
  const { storage } = opened.journal;
  expect(opened.snapshot?.data).toEqual(new Uint8Array(100).fill(5));
  expect(Number(storage.lastIndex)).toBeGreaterThanOrEqual(lastIndex);
  const entries = storage.entries(storage.firstIndex, storage.lastIndex, Number.MAX_VALUE);
  expect(entries.map(each => ({ ...each, data: Buffer.from((each as { data: Uint8Array }).data).toString() }))).toEqual(
    entries.map((_, at) => {
      const index = Number(storage.firstIndex) + at;
      return { ...entry(index), data: `entry ${index} and what it says` };
    }),
  );
  await opened.journal.close();
}

const unlockKey = new Uint8Array(32).fill(1);
const another = new Uint8Array(32).fill(2);

/** Turns autolock on while entries are written; the number of disk operations that takes. */
async function lockUntilCut(disk: SimDisk, cutAt: number): Promise<{ operations: number; answered: number }> {
  const cut = new CutDisk(disk, cutAt);
  let answered = entriesBefore;
  let run: Run | undefined;
  try {
    run = await Run.of(cut, []);
    run.show(clusterWith(unlockKey, 20n));
    for (let round = 0; round < 6; round++) {
      await run.write();
      answered = run.lastIndex;
      await clock.advance(0);
    }
    await clock.advance(0);
    const { operations } = cut;
    await run.end();
    return { operations, answered };
  } catch (error) {
    if ((error as Error).message !== "the power is off" && (error as Fault).code !== "data_loss") throw error;
    await run?.follower.stop();
    return { operations: cut.operations, answered };
  }
}

describe("a manager that follows the swarm's lock", () => {
  it("locks its keys, with a data key that never stood in clear", async () => {
    const disk = await inClear();
    const before = (await loadNodeFiles(disk, certificates))!;
    const run = await Run.of(disk, []);
    run.show(clusterWith(unlockKey, 20n));
    await clock.advance(0);
    await run.write();
    expect(run.renewals).toBe(1);
    await run.end();
    await expect(loadNodeFiles(disk, certificates)).rejects.toMatchObject({ code: "unauthenticated" });
    const after = (await loadNodeFiles(disk, certificates, unlockKey))!;
    expect(after.lock).toEqual({ key: unlockKey, version: 20n });
    expect(nextDataKeyOf(after.headers)).toBeUndefined();
    expect(dataKeyOf(after.headers)).not.toEqual(dataKeyOf(before.headers));
    await expectWhole(disk, dataKeyOf(after.headers)!, entriesBefore + 1);
    for (const name of await disk.list(raft)) {
      const old = aesGcmSealer(dataKeyOf(before.headers)!, random);
      const only = new SimDisk();
      await only.replace(`${raft}/${name}`, (await disk.read(`${raft}/${name}`))!);
      const opened = Journal.open({ disk: only, directory: raft, sealer: old, log: silentLogger, segmentBytes });
      await expect(opened, name).rejects.toMatchObject({ code: "data_loss" });
    }
  });

  it("follows another key and the end of autolock without sealing the log again, and no older word", async () => {
    const disk = await inClear();
    const run = await Run.of(disk, []);
    run.show(clusterWith(unlockKey, 20n));
    await clock.advance(0);
    const dataKey = run.keyring.dataKey();
    run.show(clusterWith(another, 21n));
    await clock.advance(0);
    expect((await loadNodeFiles(disk, certificates, another))!.lock.version).toBe(21n);
    run.show(clusterWith(unlockKey, 20n));
    await clock.advance(0);
    expect((await loadNodeFiles(disk, certificates, another))!.lock.version).toBe(21n);
    run.show(clusterWith(undefined, 22n));
    await clock.advance(0);
    const files = (await loadNodeFiles(disk, certificates))!;
    expect(isLocking(files.lock)).toBe(false);
    expect(dataKeyOf(files.headers)).toEqual(dataKey);
    expect(run.renewals).toBe(1);
    await run.end();
  });

  it("loses nothing, and has both keys as long as it needs them, whatever moment the power is cut", async () => {
    const { operations } = await lockUntilCut(await inClear(), Number.POSITIVE_INFINITY);
    expect(operations).toBeGreaterThan(20);
    for (let cutAt = 0; cutAt < operations; cutAt++)
      for (let seed = 1; seed <= 2; seed++) {
        const disk = await inClear();
        const { answered } = await lockUntilCut(disk, cutAt);
        disk.crash(new SimRandom(100 * cutAt + seed));
        const run = await Run.of(disk, [unlockKey]);
        expect(run.lastIndex, `cut at ${cutAt}`).toBeGreaterThanOrEqual(answered);
        run.show(clusterWith(unlockKey, 20n));
        await clock.advance(120_000);
        await run.end();
        const files = (await loadNodeFiles(disk, certificates, unlockKey))!;
        expect(isLocking(files.lock) && nextDataKeyOf(files.headers) === undefined, `cut at ${cutAt}`).toBe(true);
        await expectWhole(disk, dataKeyOf(files.headers)!, answered);
      }
  }, 120_000);
});
