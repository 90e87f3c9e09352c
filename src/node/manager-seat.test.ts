import { beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import type { ManagerBeginning } from "../manager/beginning.ts";
import { type Credentials, parseCredentials } from "../pki/credentials.ts";
import { dataKeyOf, loadNodeFiles, saveNodeFiles } from "../pki/key-file.ts";
import { noLock } from "../pki/key-lock.ts";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import { RootCa } from "../pki/root-ca.ts";
import type { AppendFile, Disk } from "../ports/disk.ts";
import { silentLogger } from "../ports/log.ts";
import type { Caller } from "../ports/transport.ts";
import { SimClock } from "../sim/clock.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimRandom } from "../sim/random.ts";
import { Keyring } from "./keyring.ts";
import { ManagerSeat, type SeatHooks } from "./manager-seat.ts";

const certificates = "/swarm/certificates";
const raft = "/swarm/raft";
const logFile = `${raft}/log`;

/** Loses power after some changes of the disk: every later one fails. */
class CutDisk implements Disk {
  readonly #disk: Disk;
  changesLeft: number;

  constructor(disk: Disk, changesLeft: number) {
    this.#disk = disk;
    this.changesLeft = changesLeft;
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return this.#disk.read(path);
  }
  list(directory: string): Promise<string[]> {
    return this.#disk.list(directory);
  }
  makeDirectory(path: string): Promise<void> {
    return this.#disk.makeDirectory(path);
  }
  openAppend(path: string): Promise<AppendFile> {
    return this.#disk.openAppend(path);
  }
  recycle(path: string, spare: string): Promise<void> {
    return this.#disk.recycle(path, spare);
  }
  async replace(path: string, content: Uint8Array, mode?: number): Promise<void> {
    this.#change();
    await this.#disk.replace(path, content, mode);
  }
  async remove(path: string): Promise<void> {
    this.#change();
    await this.#disk.remove(path);
  }

  #change(): void {
    if (this.changesLeft === 0) throw new Fault("data_loss", "the power is off");
    this.changesLeft--;
  }
}

class FakeManager {
  readonly beginning: ManagerBeginning;
  readonly hooks: SeatHooks;
  stopped = 0;

  constructor(beginning: ManagerBeginning, hooks: SeatHooks) {
    this.beginning = beginning;
    this.hooks = hooks;
  }

  async stop(): Promise<void> {
    this.stopped++;
  }
}

/** One run of a node's daemon, as far as its role goes. */
class Daemon {
  readonly disk: Disk;
  readonly seat: ManagerSeat<FakeManager>;
  keyring!: Keyring;
  role: Caller["role"] = "worker";
  others: string[] = ["M:2377"];
  opened: FakeManager[] = [];
  /** Consulted before each manager is opened. */
  onOpen = async (_manager: FakeManager): Promise<void> => {};

  constructor(disk: Disk) {
    this.disk = disk;
    this.seat = new ManagerSeat<FakeManager>({
      ...{ disk, clock, random, log: silentLogger, directory: raft },
      others: () => this.others,
      hasBegunLog: () => this.keyring.hasBegunLog(),
      open: (beginning, hooks) => this.#open(beginning, hooks),
      onChange: () => changes.push(this.seat.manager !== undefined),
    });
  }

  async start(): Promise<void> {
    const files = (await loadNodeFiles(this.disk, certificates))!;
    const place = { disk: this.disk, random, directory: certificates, files };
    this.keyring = new Keyring({ ...place, beforeNewDataKey: () => this.seat.empty() });
    this.role = parseCredentials(files).role;
    await this.seat.begin(this.role);
  }

  /** As when the renewed certificate has another role. */
  async change(role: Caller["role"]): Promise<void> {
    await this.keyring.save(identities[role]);
    this.role = role;
    this.seat.follow(role);
  }

  async #open(beginning: ManagerBeginning, hooks: SeatHooks): Promise<FakeManager> {
    const manager = new FakeManager(beginning, hooks);
    this.opened.push(manager);
    await this.onOpen(manager);
    const key = Buffer.from(this.keyring.dataKey()).toString("hex");
    const log = await this.disk.read(logFile);
    if (!log && beginning.kind === "resume" && beginning.managers.length === 0)
      throw new Fault("not_found", "the log is empty");
    if (log && Buffer.from(log).toString() !== key) throw new Fault("data_loss", "the log is sealed with another key");
    await this.disk.replace(logFile, Buffer.from(key));
    await this.keyring.noteLog();
    return manager;
  }
}

const clock = new SimClock();
const random = new SimRandom(5);
const rootCa = await RootCa.create(clock.now());
const identities = { manager: await identity("manager"), worker: await identity("worker") };
let disk: SimDisk;
let changes: boolean[];

async function identity(role: Caller["role"]): Promise<Credentials> {
  const keyPem = newNodeKey();
  const self = { nodeId: "n1", role, clusterId: "c1" } as const;
  const certificatePem = await rootCa.sign(await newRequest(keyPem), self, clock.now(), 3_600_000);
  return parseCredentials({ certificatePem, keyPem, rootPem: rootCa.certificatePem });
}

beforeEach(async () => {
  disk = new SimDisk();
  changes = [];
  await saveNodeFiles(disk, certificates, { ...identities.worker, headers: new Map(), lock: noLock });
});

async function started(on: Disk = disk): Promise<Daemon> {
  const daemon = new Daemon(on);
  await daemon.start();
  await clock.advance(0);
  return daemon;
}

async function isSane({ disk, seat, role }: Daemon): Promise<void> {
  const { headers } = (await loadNodeFiles(disk, certificates))!;
  expect(dataKeyOf(headers) !== undefined).toBe(role === "manager");
  expect(seat.manager !== undefined).toBe(role === "manager");
  expect(await disk.list(raft)).toEqual(role === "manager" ? ["log"] : []);
  expect(seat.trouble()).toBeUndefined();
}

describe("a node's place among the managers", () => {
  it("is taken when it is promoted, and emptied when it is demoted, again and again", async () => {
    const daemon = await started();
    const keys = new Set<string>();
    for (let round = 0; round < 3; round++) {
      await daemon.change("manager");
      await clock.advance(0);
      await isSane(daemon);
      expect(daemon.seat.manager?.beginning).toEqual({ kind: "resume", managers: ["M:2377"] });
      keys.add(Buffer.from(daemon.keyring.dataKey()).toString("hex"));
      await daemon.change("worker");
      await clock.advance(0);
      await isSane(daemon);
    }
    expect(keys.size).toBe(3);
    expect(daemon.opened.map(manager => manager.stopped)).toEqual([1, 1, 1]);
    expect(changes).toEqual([true, false, true, false, true, false]);
  });

  it("keeps up with changes that come faster than it can follow", async () => {
    const daemon = await started();
    daemon.onOpen = async ({ hooks }) => {
      await new Promise(resolve => hooks.signal.addEventListener("abort", resolve));
      throw new Fault("cancelled", "given up");
    };
    await daemon.change("manager");
    await daemon.change("worker");
    await daemon.change("manager");
    await daemon.change("worker");
    await clock.advance(0);
    await isSane(daemon);
    daemon.onOpen = async () => {};
    await daemon.change("manager");
    await clock.advance(0);
    await isSane(daemon);
  });

  it.each(["manager", "worker"] as const)(
    "is what the certificate says when the power fails while it becomes one of a %s",
    async role => {
      const before = role === "manager" ? "worker" : "manager";
      const first = await started();
      if (before === "manager") await first.change("manager");
      await clock.advance(0);
      const outcomes = new Set<string>();
      for (let changesLeft = 0; changesLeft < 12; changesLeft++) {
        const after = disk.copy();
        const cutDisk = new CutDisk(after, Number.POSITIVE_INFINITY);
        const cut = await started(cutDisk);
        cutDisk.changesLeft = changesLeft;
        await cut.change(role).catch(() => {});
        await clock.advance(0);
        await cut.seat.stop();
        const restarted = await started(after);
        await isSane(restarted);
        outcomes.add(restarted.role);
        await restarted.seat.stop();
      }
      expect(outcomes).toEqual(new Set(["manager", "worker"]));
      expect(clock.pending).toBe(0);
    },
  );

  it("is waited for until another manager lets it in, and the reason told", async () => {
    const daemon = await started();
    let failures = 3;
    daemon.onOpen = async () => {
      if (failures-- > 0) throw new Fault("unavailable", "no leader");
    };
    await daemon.change("manager");
    await clock.advance(0);
    expect(daemon.seat.manager).toBeUndefined();
    expect(daemon.seat.trouble()).toEqual({ text: "no leader", isFinal: false });
    await clock.advance(10_000);
    await isSane(daemon);
    await daemon.seat.taken;
    expect(daemon.opened.length).toBe(4);
  });

  it("is gone on with from the log that is there", async () => {
    const first = await started();
    await first.change("manager");
    await clock.advance(0);
    await first.seat.stop();
    const second = await started();
    expect(second.seat.manager?.beginning).toEqual({ kind: "resume", managers: [] });
    await second.seat.stop();
    await disk.remove(raft);
    const third = new Daemon(disk);
    third.others = [];
    await expect(third.start()).rejects.toMatchObject({
      code: "not_found",
      message: "the log is empty",
    });
  });

  it.each([
    ["lost", "the log is empty", () => disk.remove(raft)],
    ["damaged", "the log is sealed with another key", () => disk.replace(logFile, Buffer.from("??"))],
  ])("is not taken again with a log that is %s, until it is demoted and promoted", async (_, why, spoil) => {
    const first = await started();
    await first.change("manager");
    await clock.advance(0);
    await first.seat.stop();
    await spoil();
    const second = await started();
    await clock.advance(60_000);
    expect([second.seat.manager, second.opened.length]).toEqual([undefined, 1]);
    expect(second.seat.trouble()).toMatchObject({
      text: expect.stringContaining(`${why}. To rejoin the other managers, demote and promote this node`),
      isFinal: true,
    });
    await second.change("worker");
    await clock.advance(0);
    await isSane(second);
    await second.change("manager");
    await clock.advance(0);
    await isSane(second);
  });

  it("is lost when the quorum has removed it, until it is demoted and promoted", async () => {
    const daemon = await started();
    await daemon.change("manager");
    await clock.advance(0);
    const [manager] = daemon.opened;
    manager!.hooks.onRemoved();
    await clock.advance(0);
    expect(manager!.stopped).toBe(1);
    expect(daemon.seat.manager).toBeUndefined();
    expect(daemon.seat.trouble()?.text).toContain("removed from the quorum");
    expect(await disk.list(raft)).toEqual(["log"]);
    await daemon.change("worker");
    await clock.advance(0);
    await isSane(daemon);
    await daemon.change("manager");
    await clock.advance(0);
    await isSane(daemon);
  });

  it("is lost as well when it is told so while it starts", async () => {
    const daemon = await started();
    daemon.onOpen = async ({ hooks }) => hooks.onRemoved();
    await daemon.change("manager");
    await clock.advance(0);
    expect(daemon.opened.map(manager => manager.stopped)).toEqual([1]);
    expect(daemon.seat.trouble()?.text).toContain("removed from the quorum");
  });

  it("is not touched by a manager of earlier times", async () => {
    const daemon = await started();
    await daemon.change("manager");
    await clock.advance(0);
    await daemon.change("worker");
    await daemon.change("manager");
    await clock.advance(0);
    daemon.opened[0]!.hooks.onRemoved();
    await clock.advance(0);
    await isSane(daemon);
  });
});
