import { create } from "@bufbuild/protobuf";
import { defined } from "../lib/assert.ts";
import type { Fault } from "../lib/fault.ts";
import { newMeta, type Secret } from "../model/objects.ts";
import { silentLogger } from "../ports/log.ts";
import type { Listener, Transport } from "../ports/transport.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimProcess } from "../sim/process.ts";
import { processDisk } from "../sim/process-disk.ts";
import { SimRandom } from "../sim/random.ts";
import { SimNetwork } from "../sim/transport.ts";
import { Store } from "../store/store.ts";
import { ClusterSchema, SecretSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ClusterSpecSchema, SecretSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Beginning } from "./beginning.ts";
import { Consensus } from "./consensus.ts";
import { aesGcmSealer, dataKeyBytes } from "./sealer.ts";

export const directory = "/raft";
const stepMs = 10;

/** One manager's consensus on simulated ports. Disk and name survive a kill. */
export class TestManager {
  readonly name: string;
  readonly host: string;
  readonly disk = new SimDisk();
  readonly faults: Fault[] = [];
  removed = 0;
  store = new Store({ clock: new SimClock() });
  #running: { readonly consensus: Consensus; readonly process: SimProcess; readonly listener: Listener } | undefined;
  readonly #quorum: TestQuorum;
  readonly #key: Uint8Array;

  constructor(quorum: TestQuorum, at: number) {
    this.#quorum = quorum;
    this.name = `m${at}`;
    this.host = `10.0.0.${at}`;
    this.#key = new Uint8Array(dataKeyBytes).fill(at);
  }

  get address(): string {
    return `${this.host}:2377`;
  }

  get isUp(): boolean {
    return this.#running !== undefined;
  }

  get consensus(): Consensus {
    return defined(this.#running, `${this.name}, running`).consensus;
  }

  get leads(): boolean {
    return this.#running?.consensus.leadership.kind === "leading";
  }

  async start(beginning: Beginning = { kind: "resume" }): Promise<void> {
    const { clock, network, random } = this.#quorum;
    const process = new SimProcess({ clock, random: new SimRandom(Math.floor(random.float() * 2 ** 32)) });
    const transport: Transport = network.transport(this.host, { nodeId: this.name, role: "manager", clusterId: "c" });
    this.store = new Store({ clock });
    const opened = Consensus.open({
      store: this.store,
      disk: processDisk(this.disk, process, () => this.disk.slowness),
      directory,
      sealer: aesGcmSealer(this.#key, process.random),
      clock: process.clock,
      random: process.random,
      log: silentLogger,
      transport,
      self: { nodeId: this.name, address: this.address },
      beginning,
      onLeadership: () => {},
      onRemoved: () => {
        this.removed += 1;
      },
      onBroken: fault => this.faults.push(fault),
    });
    const consensus = await this.#quorum.settled(opened);
    const listener = await transport.listen(this.address, consensus.registrations);
    this.#running = { consensus, process, listener };
  }

  /** SIGKILL. */
  kill(): void {
    this.#running?.process.kill();
    this.#running = undefined;
    this.#quorum.network.kill(this.host);
  }

  async close(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    await this.#quorum.settled(running.consensus.close());
    await running.listener.close();
  }

  put(name: string, data = "x"): Promise<unknown> {
    return this.store.update(tx => tx.secret.create(secret(name, data)));
  }

  get names(): string[] {
    return this.store.view(tx => [...tx.secret.all()].map(({ id }) => id).sort());
  }
}

/** Several managers' consensus in one process and virtual time. */
export class TestQuorum {
  readonly clock = new SimClock();
  readonly network = new SimNetwork({ clock: this.clock });
  readonly random: SimRandom;
  readonly managers: TestManager[] = [];

  constructor(seed = 1) {
    this.random = new SimRandom(seed);
  }

  /** `count` managers, each with its vote; the first leads. */
  static async start(count: number, seed = 1): Promise<TestQuorum> {
    const quorum = new TestQuorum(seed);
    const first = quorum.#add();
    await first.start({ kind: "found" });
    await quorum.until(() => first.leads);
    for (let at = 1; at < count; at++) await quorum.join();
    return quorum;
  }

  /** Lets another manager in, and waits until it has its vote. */
  async join(): Promise<TestManager> {
    const manager = await this.enter();
    await this.until(() => this.leader.consensus.members.every(({ isVoter }) => isVoter));
    return manager;
  }

  /** Lets another manager in, which has no vote yet. */
  async enter(): Promise<TestManager> {
    const manager = this.#add();
    const { consensus } = this.leader;
    const { raftId } = await this.settled(consensus.addMember(manager.name, manager.address, { isBlank: true }));
    await manager.start({ kind: "join", raftId, members: consensus.members });
    return manager;
  }

  get leader(): TestManager {
    return defined(
      this.managers.find(({ leads }) => leads),
      "a leader",
    );
  }

  get followers(): TestManager[] {
    return this.managers.filter(({ leads, isUp }) => isUp && !leads);
  }

  hasLeader(): boolean {
    return this.managers.some(({ leads }) => leads);
  }

  /** Lets time pass until `condition` holds; returns the virtual milliseconds that took. */
  async until(condition: () => boolean, limitMs = 30_000): Promise<number> {
    const start = this.clock.monotonic();
    for (;;) {
      await settle();
      const tookMs = this.clock.monotonic() - start;
      if (condition()) return tookMs;
      if (tookMs > limitMs) throw new Error(`not within ${limitMs} virtual ms: ${condition}`);
      await this.clock.advance(stepMs);
    }
  }

  async settled<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    await this.until(() => isDone);
    return work;
  }

  /** Cuts a manager off from all others. */
  partition(manager: TestManager): void {
    for (const other of this.managers) if (other !== manager) this.network.partition(manager.host, other.host);
  }

  heal(manager: TestManager): void {
    for (const other of this.managers) if (other !== manager) this.network.heal(manager.host, other.host);
  }

  async stop(): Promise<void> {
    for (const manager of this.managers) await manager.close();
  }

  #add(): TestManager {
    const manager = new TestManager(this, this.managers.length + 1);
    this.managers.push(manager);
    return manager;
  }
}

export function secret(name: string, data = "x"): Secret {
  const annotations = create(AnnotationsSchema, { name });
  const spec = create(SecretSpecSchema, { annotations, data: new TextEncoder().encode(data) });
  return { ...create(SecretSchema, { id: name }), meta: newMeta(), spec: { ...spec, annotations } };
}

/** A cluster object that asks for a snapshot every `interval` entries. */
export async function wantSnapshots(quorum: TestQuorum, interval: bigint, kept = 5n): Promise<void> {
  const annotations = create(AnnotationsSchema, { name: "default" });
  const raft = { snapshotInterval: interval, logEntriesForSlowFollowers: kept };
  const spec = create(ClusterSpecSchema, { annotations, raft });
  const cluster = { ...create(ClusterSchema, { id: "c" }), meta: newMeta(), spec: { ...spec, annotations } };
  await quorum.settled(quorum.leader.store.update(tx => tx.cluster.create(cluster)));
}
