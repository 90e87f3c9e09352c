import { defined } from "../lib/assert.ts";
import type { Fault } from "../lib/fault.ts";
import { silentLogger } from "../ports/log.ts";
import type { Caller, Client, Transport } from "../ports/transport.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { SimDisk } from "../sim/disk.ts";
import { foundSwarm } from "../sim/founding.ts";
import { SimHttps } from "../sim/https.ts";
import { SimMachine } from "../sim/machine.ts";
import { SimProcess } from "../sim/process.ts";
import { processDisk } from "../sim/process-disk.ts";
import { SimRandom } from "../sim/random.ts";
import { SimRuntime } from "../sim/runtime.ts";
import { SimNetwork } from "../sim/transport.ts";
import type { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { Worker } from "../worker/worker.ts";
import type { ManagerBeginning } from "./beginning.ts";
import { Manager } from "./manager.ts";

const directory = "/raft";
const stepMs = 10;

/** One manager on simulated ports. Its disk survives a kill. */
export class TestManager {
  readonly self: Caller;
  readonly disk = new SimDisk();
  readonly faults: Fault[] = [];
  removed = 0;
  host: string;
  readonly dataKey: Uint8Array;
  readonly #swarm: TestManagers;
  #running: { readonly manager: Manager; readonly process: SimProcess } | undefined;

  constructor(swarm: TestManagers, at: number) {
    this.#swarm = swarm;
    this.self = { nodeId: `m${at}`, role: "manager", clusterId: "cluster" };
    this.host = `10.0.0.${at}`;
    this.dataKey = new Uint8Array(32).fill(at);
  }

  get address(): string {
    return `${this.host}:2377`;
  }

  get isUp(): boolean {
    return this.#running !== undefined;
  }

  get manager(): Manager {
    return defined(this.#running, `${this.self.nodeId}, running`).manager;
  }

  get control(): Client<typeof Control> {
    return this.manager.control;
  }

  get leads(): boolean {
    return this.#running?.manager.leadership().kind === "leading";
  }

  /** Begins; resolves when the manager has started, as far as time goes on meanwhile. */
  async open(beginning: ManagerBeginning, signal?: AbortSignal): Promise<Manager> {
    const { clock, network } = this.#swarm;
    const process = new SimProcess({ clock, random: new SimRandom(this.#swarm.nextSeed()) });
    const transport: Transport = network.transport(this.host, this.self);
    const manager = await Manager.start({
      ...{
        self: this.self,
        transport,
        https: new SimHttps(),
        directory,
        dataKey: this.dataKey,
        beginning,
        log: silentLogger,
      },
      ...{ clock: process.clock, random: process.random, disk: processDisk(this.disk, process) },
      ...(signal && { signal }),
      listenAddress: this.address,
      advertiseAddress: this.address,
      onRemoved: () => {
        this.removed += 1;
      },
      onBroken: fault => this.faults.push(fault),
    });
    this.#running = { manager, process };
    return manager;
  }

  start(beginning: ManagerBeginning = { kind: "resume", managers: [] }): Promise<Manager> {
    return this.#swarm.settled(this.open(beginning));
  }

  /** SIGKILL. */
  kill(): void {
    this.#running?.process.kill();
    this.#running = undefined;
    this.#swarm.network.kill(this.host);
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running) await this.#swarm.settled(running.manager.stop());
  }
}

/** A node with a running worker, and what it runs. */
export interface TestWorker {
  readonly nodeId: string;
  readonly host: string;
  readonly machine: SimMachine;
  readonly worker: Worker;
}

/** Several managers of one swarm, and nodes that can join it, in one process and virtual time. */
export class TestManagers {
  readonly clock = new SimClock();
  readonly network = new SimNetwork({ clock: this.clock });
  readonly all: readonly TestManager[];
  readonly #workers: Worker[] = [];
  #seeds = 0;

  private constructor(nodes: number) {
    this.all = Array.from({ length: nodes }, (_, at) => new TestManager(this, at + 1));
  }

  /** Nodes that may become managers, of no swarm yet. */
  static none(count: number): TestManagers {
    return new TestManagers(count);
  }

  /**
   * `count` managers in the quorum, the first of which leads, `more` nodes that may become managers, and `workers` that do
   * not run yet.
   */
  static async start(count: number, more = 0, workers: readonly string[] = []): Promise<TestManagers> {
    const swarm = new TestManagers(count + more);
    const first = defined(swarm.all[0], "the first manager");
    const { disk, dataKey, self, address } = first;
    await foundSwarm({
      ...{ clock: swarm.clock, disk, directory, dataKey, clusterId: "cluster", snapshotInterval: 1_000n },
      self: { nodeId: self.nodeId, address },
      nodes: [...swarm.all.map(manager => manager.self), ...workers.map(workerSelf)],
    });
    await first.start();
    for (const manager of swarm.all.slice(1, count)) await swarm.join(manager);
    return swarm;
  }

  /** Makes it a member of the quorum, with a vote. */
  async join(manager: TestManager): Promise<void> {
    await manager.start({ kind: "join", managers: this.up.map(each => each.address) });
    await this.until(() => this.leader.manager.members().every(({ isVoter }) => isVoter));
  }

  /** A node's worker, which knows one manager at the beginning. */
  async work(nodeId: string, manager: TestManager): Promise<TestWorker> {
    const { clock, network } = this;
    const machine = new SimMachine({ clock, hostname: nodeId });
    const host = `10.0.1.${this.nextSeed()}`;
    const worker = new Worker({
      ...{ nodeId, clock, log: silentLogger, disk: new SimDisk(), directory: "/worker", managers: [manager.address] },
      random: new SimRandom(this.nextSeed()),
      runtime: new SimRuntime(machine, nodeId),
      transport: network.transport(host, workerSelf(nodeId)),
    });
    await worker.start();
    this.#workers.push(worker);
    return { nodeId, host, machine, worker };
  }

  nextSeed(): number {
    return ++this.#seeds;
  }

  get up(): readonly TestManager[] {
    return this.all.filter(({ isUp }) => isUp);
  }

  get leader(): TestManager {
    return defined(
      this.up.find(({ leads }) => leads),
      "a leader",
    );
  }

  get followers(): readonly TestManager[] {
    return this.up.filter(({ leads }) => !leads);
  }

  async stop(): Promise<void> {
    for (const worker of this.#workers) await this.settled(worker.stop());
    for (const manager of [...this.followers, ...this.up]) await manager.stop();
  }

  /** Lets time pass until the condition holds; returns the virtual milliseconds that took. */
  async until(condition: () => boolean, limitMs = 30_000): Promise<number> {
    const start = this.clock.monotonic();
    for (;;) {
      await settle();
      if (condition()) return this.clock.monotonic() - start;
      if (this.clock.monotonic() - start >= limitMs) throw new Error(`not within ${limitMs} ms`);
      await this.clock.advance(stepMs);
    }
  }

  /** Lets time pass until the work is done. */
  async settled<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const ended = work.finally(() => {
      done = true;
    });
    ended.catch(() => {});
    await this.until(() => done, 60_000);
    return ended;
  }
}

function workerSelf(nodeId: string): Caller {
  return { nodeId, role: "worker", clusterId: "cluster" };
}
