import { assert } from "../lib/assert.ts";
import { asFault, Fault } from "../lib/fault.ts";
import { Manager } from "../manager/manager.ts";
import { emptyPlane, type Plane } from "../network/plane-state.ts";
import type { Caller } from "../ports/transport.ts";
import { Worker } from "../worker/worker.ts";
import type { SimClock } from "./clock.ts";
import { SimDisk } from "./disk.ts";
import { FollowedPlane } from "./followed-plane.ts";
import { SimHttps } from "./https.ts";
import { SimMachine } from "./machine.ts";
import { SimProcess } from "./process.ts";
import { processDisk } from "./process-disk.ts";
import { processRuntime } from "./process-runtime.ts";
import { SimRandom } from "./random.ts";
import { SimRuntime } from "./runtime.ts";
import type { SimTrace } from "./trace.ts";
import type { SimNetwork } from "./transport.ts";

/** Where a simulated node keeps its manager's log. */
export const logDirectory = "/shoal/raft";
const workerDirectory = "/shoal/worker";
/** A seed is drawn below this. */
const seeds = 2 ** 32;
/** Clocks of machines are off by this much at most, in milliseconds, either way. */
const maxSkewMs = 2_000;

const clusterPort = 2377;

/** Where the manager on a host listens, HOST:PORT. */
export function managerAddressOf(address: string): string {
  return `${address}:${clusterPort}`;
}

export interface SimHostOptions {
  readonly self: Caller;
  readonly name: string;
  /** An IP address. */
  readonly address: string;
  /** HOST:PORT of each manager, this one among them if it is one. */
  readonly managers: readonly string[];
  readonly dataKey: Uint8Array;
  readonly clock: SimClock;
  readonly network: SimNetwork;
  /** Its own: what it draws depends on no other host. */
  readonly random: SimRandom;
  /** Its clocks are at most this much faster or slower than real time: 0.02 is two percent. */
  readonly maxDrift: number;
  readonly trace: SimTrace;
  /** Its manager could not go on. */
  readonly onBroken: (host: SimHost, fault: Fault) => void;
}

/** One daemon's run, from its start to its end. */
interface Daemon {
  readonly process: SimProcess;
  readonly worker: Worker;
  readonly plane: FollowedPlane;
  /** Undefined on a worker, and on a manager that still reads its log. */
  manager: Manager | undefined;
}

/** A machine of a simulated swarm: disk, engine and network survive the daemon, which can be killed and started again. */
export class SimHost {
  readonly name: string;
  readonly self: Caller;
  readonly address: string;
  readonly disk = new SimDisk();
  readonly machine: SimMachine;
  readonly #options: SimHostOptions;
  readonly #skewMs: number;
  readonly #rate: number;
  #daemon: Daemon | undefined;

  constructor(options: SimHostOptions) {
    const { name, self, address, clock, random } = options;
    this.#options = options;
    this.name = name;
    this.self = self;
    this.address = address;
    this.machine = new SimMachine({ clock, hostname: name });
    const eitherWay = (): number => 2 * random.float() - 1;
    this.#skewMs = Math.round(eitherWay() * maxSkewMs);
    this.#rate = 1 + eitherWay() * options.maxDrift;
  }

  /** HOST:PORT of its manager, where it is one. */
  get managerAddress(): string {
    return managerAddressOf(this.address);
  }

  get isManager(): boolean {
    return this.self.role === "manager";
  }

  get isUp(): boolean {
    return this.#daemon !== undefined;
  }

  get manager(): Manager | undefined {
    return this.#daemon?.manager;
  }

  get worker(): Worker | undefined {
    return this.#daemon?.worker;
  }

  /** What it knows of its networks. */
  get plane(): Plane {
    return this.#daemon?.plane.current ?? emptyPlane;
  }

  /** Whether its manager leads, as far as that knows. */
  get leads(): boolean {
    return this.manager?.leadership().kind === "leading" && !this.process?.isPaused;
  }

  get process(): SimProcess | undefined {
    return this.#daemon?.process;
  }

  /**
   * Starts the daemon. Resolves when its manager, if it is one, has started or has turned out to be broken. A manager without
   * a log joins the quorum.
   */
  async start(): Promise<void> {
    assert(!this.#daemon, `${this.name} runs already`);
    const { self, clock, network, random, managers, trace, name } = this.#options;
    const process = new SimProcess({
      clock,
      random: new SimRandom(Math.floor(random.float() * seeds)),
      skewMs: this.#skewMs,
      rate: this.#rate,
    });
    const ports = {
      clock: process.clock,
      random: process.random,
      disk: processDisk(this.disk, process, () => this.disk.slowness),
      transport: network.transport(this.address, self),
      log: trace.logger(process, name),
    };
    const runtime = processRuntime(new SimRuntime(this.machine, self.nodeId, process.clock), process);
    const directory = workerDirectory;
    const plane = new FollowedPlane(ports);
    const onSession = plane.follow;
    const worker = new Worker({ ...ports, nodeId: self.nodeId, directory, runtime, managers, onSession });
    const daemon: Daemon = { process, worker, plane, manager: undefined };
    this.#daemon = daemon;
    trace.note(`${name} starts`);
    try {
      if (this.isManager) {
        daemon.manager = await Manager.start({
          ...ports,
          https: new SimHttps(),
          self,
          directory: logDirectory,
          listenAddress: this.managerAddress,
          advertiseAddress: this.managerAddress,
          dataKey: this.#options.dataKey,
          beginning: { kind: "resume", managers },
          onRemoved: () => this.#break(daemon, new Fault("internal", "removed, and nobody had asked for it")),
          onBroken: fault => this.#break(daemon, fault),
        });
      }
      await worker.start();
    } catch (error) {
      this.#break(daemon, asFault(error));
    }
  }

  /** The daemon ends as it should; containers run on. Takes virtual time. */
  async stop(): Promise<void> {
    const daemon = this.#daemon;
    if (!daemon) return;
    this.#options.trace.note(`${this.name} stops`);
    await daemon.worker.stop();
    await daemon.manager?.stop();
    if (this.#daemon === daemon) this.#end(daemon);
  }

  /** SIGSTOP of the daemon: nothing goes on until it is resumed. Its network must be silent meanwhile. */
  pause(): void {
    this.#options.trace.note(`${this.name} is paused`);
    this.#daemon?.process.pause();
  }

  resume(): void {
    this.#options.trace.note(`${this.name} is resumed`);
    this.#daemon?.process.resume();
  }

  /** SIGKILL of the daemon: containers run on, and what was written is there, synced or not. */
  kill(): void {
    if (!this.#daemon) return;
    this.#options.trace.note(`${this.name} is killed`);
    this.#end(this.#daemon);
  }

  /** The power fails: the daemon and the containers end, and what was not synced may be lost or torn. */
  cutPower(): void {
    this.kill();
    this.#options.trace.note(`${this.name} loses power`);
    this.machine.reboot();
    this.disk.crash(this.#options.random);
  }

  #end(daemon: Daemon): void {
    this.#daemon = undefined;
    daemon.process.kill();
    this.#options.network.kill(this.address);
  }

  /** As a node does whose log cannot be written or read: it answers nobody and waits for its operator. */
  #break(daemon: Daemon, fault: Fault): void {
    if (this.#daemon !== daemon) return;
    this.#options.trace.note(`${this.name} is broken: ${fault.message}`);
    this.#end(daemon);
    this.#options.onBroken(this, fault);
  }
}
