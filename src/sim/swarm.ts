import { defined } from "../lib/assert.ts";
import { asFault, Fault } from "../lib/fault.ts";
import { newId } from "../lib/ids.ts";
import type { Manager } from "../manager/manager.ts";
import type { Node, Service } from "../model/objects.ts";
import { isWanted, type Task } from "../model/task.ts";
import type { Caller, Client } from "../ports/transport.ts";
import type { ReadTx, StoreEvent } from "../store/tx.ts";
import type { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { SimClock, settle } from "./clock.ts";
import { foundSwarm } from "./founding.ts";
import { logDirectory, managerAddressOf, SimHost } from "./host.ts";
import { describeSwarm } from "./picture.ts";
import type { SimProcess } from "./process.ts";
import { SimRandom } from "./random.ts";
import { SimTrace } from "./trace.ts";
import { SimNetwork } from "./transport.ts";

const dataKeyBytes = 32;
/** Virtual milliseconds between two looks of `until`. */
const stepMs = 50;
/** Virtual milliseconds that a request may take, and a manager to serve. */
const answerLimitMs = 60_000;

export interface SimSwarmOptions {
  readonly seed?: number;
  /** One, where nothing is said. They run tasks as well. */
  readonly managers?: number;
  readonly workers?: number;
  /** Clocks go faster or slower than real time by this much at most: 0.02 is two percent. */
  readonly maxDrift?: number;
  /** Log entries between two snapshots. */
  readonly snapshotInterval?: bigint;
  /** Called with what was committed, at once, for each manager that applies it; `run` is another one at each start. */
  readonly onEvent?: (event: StoreEvent, run: Manager) => void;
  /** Called when a manager's log cannot be written or read. */
  readonly onBroken?: (fault: Fault) => void;
}

/**
 * A whole swarm in one process, from one seed: the daemons' real code on simulated clocks, disks, engines and network.
 * Nothing moves but by `clock`.
 */
export class SimSwarm {
  readonly clock = new SimClock();
  readonly network = new SimNetwork({ clock: this.clock });
  readonly trace = new SimTrace(this.clock);
  readonly random: SimRandom;
  readonly dataKey: Uint8Array;
  /** Managers first. */
  readonly hosts: readonly SimHost[];
  readonly #managers: number;
  readonly #maxDrift: number;
  readonly #onEvent: (event: StoreEvent, run: Manager) => void;
  readonly #onBroken: (fault: Fault) => void;
  /** Calls so far: they go to one manager after the other. */
  #calls = 0;

  private constructor(options: SimSwarmOptions) {
    const { seed = 1, managers = 1, workers = 3, maxDrift = 0 } = options;
    this.#managers = managers;
    this.#maxDrift = maxDrift;
    this.random = new SimRandom(seed);
    this.#onEvent = options.onEvent ?? (() => {});
    this.#onBroken = options.onBroken ?? throwIt;
    this.dataKey = this.random.bytes(dataKeyBytes);
    const clusterId = newId(this.random);
    this.hosts = Array.from({ length: managers + workers }, (_, at) => this.#host(at, clusterId));
  }

  /** A swarm whose daemons all run and have sessions. */
  static async start(options: SimSwarmOptions = {}): Promise<SimSwarm> {
    const swarm = new SimSwarm(options);
    const { clock, dataKey } = swarm;
    const { disk, self, managerAddress: address } = swarm.managerHost;
    await foundSwarm({
      clock,
      dataKey,
      disk,
      directory: logDirectory,
      self: { nodeId: self.nodeId, address },
      clusterId: self.clusterId,
      nodes: swarm.hosts.map(host => host.self),
      snapshotInterval: options.snapshotInterval ?? 10_000n,
    });
    for (const host of swarm.hosts) swarm.startHost(host);
    await swarm.until(() => swarm.hosts.every(host => host.worker?.link().connected), "all nodes have sessions");
    await swarm.until(() => swarm.isWhole(), "all managers vote");
    return swarm;
  }

  /** The first manager: the only one, where there is one. */
  get managerHost(): SimHost {
    return defined(this.hosts[0], "the manager");
  }

  get managers(): readonly SimHost[] {
    return this.hosts.slice(0, this.#managers);
  }

  get workers(): readonly SimHost[] {
    return this.hosts.slice(this.#managers);
  }

  /** Whose manager leads; if several think so, the one that is right. */
  get leader(): SimHost | undefined {
    const leaders = this.managers.filter(host => host.leads);
    return leaders.sort((a, b) => (termOf(a) > termOf(b) ? -1 : 1))[0];
  }

  /** Whether a manager leads now. */
  get isServed(): boolean {
    return this.leader !== undefined;
  }

  /** Starts a host's daemon; what that takes goes on in virtual time. */
  startHost(host: SimHost): void {
    void host.start().then(() => {
      if (host.manager) void this.#follow(host);
    });
  }

  /** Cuts a host off from all others. Nobody is told. */
  partition(host: SimHost, reason?: string): void {
    this.trace.note(`${host.name} is cut off`);
    for (const other of this.#others(host)) this.network.partition(host.address, other.address, reason);
  }

  heal(host: SimHost, reason?: string): void {
    this.trace.note(`${host.name} is back on the network`);
    for (const other of this.#others(host)) this.network.heal(host.address, other.address, reason);
  }

  /** Everything to and from the host takes this long, in milliseconds each way. */
  delay(host: SimHost, ms: number): void {
    this.trace.note(`${host.name} is ${ms} ms away`);
    for (const other of this.#others(host)) this.network.delay(host.address, other.address, ms);
  }

  /** The host's power fails: it is silent, and its containers are gone. Heal it when it is started again. */
  cutPower(host: SimHost): void {
    this.partition(host);
    host.cutPower();
  }

  /** Whether every manager runs and has a vote, and all agree on who leads. */
  isWhole(): boolean {
    const { leader } = this;
    const leads = (host: SimHost): boolean => {
      const leadership = host.manager?.leadership();
      return host === leader || (leadership?.kind === "following" && leadership.leader.nodeId === leader?.self.nodeId);
    };
    const voters = leader?.manager?.members().filter(({ isVoter }) => isVoter) ?? [];
    return voters.length === this.#managers && this.managers.every(leads);
  }

  /**
   * Calls the API of a manager that runs, leader or not. Rejects with unavailable when it dies meanwhile: then nobody knows
   * the outcome.
   */
  async call<T>(request: (control: Client<typeof Control>) => Promise<T>): Promise<T> {
    const { manager, process } = this.anyManager();
    const died = process.died.then(() => {
      throw new Fault("unavailable", "the manager died");
    });
    return Promise.race([request(manager.control), died]);
  }

  /** A manager that runs, one after the other. Fault unavailable when none does. */
  anyManager(): { readonly manager: Manager; readonly process: SimProcess } {
    const running = this.managers.flatMap(({ manager, process }) =>
      manager && process && !process.isPaused ? [{ manager, process }] : [],
    );
    const chosen = running[this.#calls++ % Math.max(1, running.length)];
    if (!chosen) throw new Fault("unavailable", "no manager serves");
    return chosen;
  }

  /** As `call`, and lets time pass until the answer is there. */
  async ask<T>(request: (control: Client<typeof Control>) => Promise<T>): Promise<T> {
    return this.settled(this.call(request));
  }

  /** Lets time pass until `work` is done. */
  async settled<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    work.then(done, done);
    await this.until(() => isDone, "an answer is there", answerLimitMs);
    return work;
  }

  /** Reads the leader's store. Fault unavailable while nobody leads. */
  view<T>(callback: (tx: ReadTx) => T): T {
    const manager = this.leader?.manager;
    if (!manager) throw new Fault("unavailable", "no manager serves");
    return manager.view(callback);
  }

  /** Lets virtual time pass until `condition` holds and returns the milliseconds it took; an error after `limitMs`. */
  async until(condition: () => boolean, what: string, limitMs = 60_000): Promise<number> {
    const start = this.clock.monotonic();
    for (;;) {
      await settle();
      if (condition()) return this.clock.monotonic() - start;
      if (this.clock.monotonic() - start >= limitMs)
        throw new Error(`not in ${limitMs} virtual ms: ${what}\n${describeSwarm(this)}`);
      await this.clock.advance(stepMs);
    }
  }

  node(host: SimHost): Node {
    return defined(
      this.view(tx => tx.node.get(host.self.nodeId)),
      host.name,
    );
  }

  service(name: string): Service {
    return defined(
      this.view(tx => tx.service.byName(name)[0]),
      name,
    );
  }

  tasks(name: string): Task[] {
    return this.view(tx => [...tx.task.byService(tx.service.byName(name)[0]?.id ?? "")]);
  }

  /** Tasks that run and are to run. */
  running(name: string): Task[] {
    return this.tasks(name).filter(task => isWanted(task) && task.status.state === TaskState.RUNNING);
  }

  hostOf(task: Task): SimHost {
    return defined(
      this.hosts.find(host => host.self.nodeId === task.nodeId),
      `the host of ${task.id}`,
    );
  }

  /** Stops every daemon, as on an orderly shutdown of all machines. */
  async stop(): Promise<void> {
    await this.settled(Promise.all(this.workers.map(host => host.stop())));
    for (const host of this.managers) await this.settled(host.stop());
  }

  #others(host: SimHost): readonly SimHost[] {
    return this.hosts.filter(other => other !== host);
  }

  #host(at: number, clusterId: string): SimHost {
    const isManager = at < this.#managers;
    const self: Caller = { nodeId: newId(this.random), role: isManager ? "manager" : "worker", clusterId };
    const number = this.#managers === 1 ? "" : `${at + 1}`;
    return new SimHost({
      self,
      name: isManager ? `manager${number}` : `worker${at + 1 - this.#managers}`,
      address: addressOf(at),
      managers: Array.from({ length: this.#managers }, (_, place) => managerAddressOf(addressOf(place))),
      dataKey: this.dataKey,
      clock: this.clock,
      network: this.network,
      random: new SimRandom(Math.floor(this.random.float() * 2 ** 32)),
      maxDrift: this.#maxDrift,
      trace: this.trace,
      onBroken: (_host, fault) => this.#onBroken(fault),
    });
  }

  /** Notes what a manager applies while it leads, and tells of it whoever applies it. */
  async #follow(host: SimHost): Promise<void> {
    const { manager, process } = host;
    if (!manager || !process) return;
    const over = new AbortController();
    void process.died.then(() => over.abort());
    while (!over.signal.aborted)
      try {
        for await (const events of manager.changes(over.signal))
          for (const event of events) {
            if (host === this.leader) this.trace.note(lineOf(event));
            this.#onEvent(event, manager);
          }
      } catch (error) {
        // A snapshot in the place of the changes.
        if (asFault(error).code !== "aborted") throw error;
      }
  }
}

const addressOf = (at: number): string => `10.0.0.${at + 1}`;

function termOf({ manager }: SimHost): bigint {
  const leadership = manager?.leadership();
  return leadership?.kind === "leading" ? leadership.term : 0n;
}

function throwIt(fault: Fault): never {
  throw fault;
}

function lineOf({ version, kind, action, object }: StoreEvent): string {
  const about = kind === "task" ? ` ${taskLine(object as Task)}` : "";
  return `${version} ${action} ${kind} ${object.id}${about}`;
}

function taskLine({ serviceAnnotations, slot, nodeId, status, desiredState }: Task): string {
  const err = status.err === "" ? "" : ` (${status.err})`;
  return `${serviceAnnotations.name}.${slot} on ${nodeId} ${TaskState[status.state]} to be ${TaskState[desiredState]}${err}`;
}
