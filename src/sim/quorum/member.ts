import type { Beginning } from "../../consensus/beginning.ts";
import { Consensus } from "../../consensus/consensus.ts";
import type { Leadership } from "../../consensus/leadership.ts";
import { aesGcmSealer } from "../../consensus/sealer.ts";
import { assert } from "../../lib/assert.ts";
import { asFault, type Fault } from "../../lib/fault.ts";
import type { Listener } from "../../ports/transport.ts";
import type { Store } from "../../store/store.ts";
import { Peers } from "../../wire/gen/shoal/v1/peers_pb.ts";
import type { SimClock } from "../clock.ts";
import { SimDisk } from "../disk.ts";
import { SimProcess } from "../process.ts";
import { processDisk } from "../process-disk.ts";
import { SimRandom } from "../random.ts";
import type { SimTrace } from "../trace.ts";
import type { SimNetwork } from "../transport.ts";
import { type StoreWatcher, WatchedStore } from "./watched-store.ts";

const directory = "/raft";
const clusterId = "cluster";
const port = 2377;
/** A seed is drawn below this. */
const seeds = 2 ** 32;

/** What members of one simulated quorum share. */
export interface QuorumWorld {
  readonly clock: SimClock;
  readonly network: SimNetwork;
  readonly trace: SimTrace;
  readonly dataKey: Uint8Array;
  /** How much clocks differ: wall clocks by milliseconds, and all by their rate, either way. */
  readonly maxSkewMs: number;
  readonly maxDrift: number;
  /** How many members do not know our own service for raft's messages, as managers of another make. */
  readonly plainChance: number;
  readonly watcherOf: (member: QuorumMember) => StoreWatcher;
  /** `version` is where its store stands. */
  readonly onLeadership: (member: QuorumMember, leadership: Leadership, version: bigint) => void;
  /** The quorum has removed it. */
  readonly onRemoved: (member: QuorumMember) => void;
  /** Its program has ended by itself. */
  readonly onBroken: (member: QuorumMember, fault: Fault) => void;
}

/** One run of a member's program. */
export interface MemberRun {
  readonly process: SimProcess;
  readonly store: Store;
  readonly consensus: Consensus;
  readonly listener: Listener;
}

/** A machine with a manager's consensus and store on it, and nothing else. Its disk survives the program. */
export class QuorumMember {
  readonly name: string;
  readonly nodeId: string;
  /** IP address. */
  readonly host: string;
  readonly disk = new SimDisk();
  readonly #world: QuorumWorld;
  readonly #random: SimRandom;
  readonly #skewMs: number;
  readonly #rate: number;
  /** It knows SwarmKit's services alone: it gets a call for each message. */
  readonly #isPlain: boolean;
  #process: SimProcess | undefined;
  #run: MemberRun | undefined;

  constructor(world: QuorumWorld, number: number, random: SimRandom) {
    this.#world = world;
    this.#random = random;
    this.name = `m${number}`;
    this.nodeId = `node${number}`;
    this.host = `10.0.0.${number}`;
    const eitherWay = (): number => 2 * random.float() - 1;
    this.#skewMs = Math.round(eitherWay() * world.maxSkewMs);
    this.#rate = 1 + eitherWay() * world.maxDrift;
    this.#isPlain = random.float() < world.plainChance;
    this.disk.forgetsFailedSyncs = true;
  }

  /** HOST:PORT. */
  get address(): string {
    return `${this.host}:${port}`;
  }

  /** The program, when it has opened its log; it may be paused. */
  get run(): MemberRun | undefined {
    return this.#run;
  }

  /** Whether the program runs, or is starting. */
  get isUp(): boolean {
    return this.#process !== undefined;
  }

  get isPaused(): boolean {
    return this.#process?.isPaused ?? false;
  }

  /**
   * Starts the program. Resolves when it has opened its log or is killed, or with the fault for which it could not.
   */
  async start(beginning: Beginning): Promise<Fault | undefined> {
    assert(!this.#process, `${this.name} runs already`);
    const { trace } = this.#world;
    trace.note(`${this.name} starts: ${beginning.kind}`);
    const random = new SimRandom(Math.floor(this.#random.float() * seeds));
    const process = new SimProcess({ clock: this.#world.clock, random, skewMs: this.#skewMs, rate: this.#rate });
    this.#process = process;
    try {
      const run = await Promise.race([process.outcome(this.#open(process, beginning)), process.died]);
      if (run && this.#process === process) this.#run = run;
      return undefined;
    } catch (error) {
      const fault = asFault(error);
      trace.note(`${this.name} cannot start: ${fault.message}`);
      this.#end(process);
      return fault;
    }
  }

  /** The program ends as it should. Takes virtual time. */
  async stop(): Promise<void> {
    const [process, run] = [this.#process, this.#run];
    if (!process || !run) return;
    this.#world.trace.note(`${this.name} stops`);
    this.#run = undefined;
    await run.listener.close();
    await run.consensus.close();
    this.#end(process);
  }

  /** SIGKILL: what was written is there, synced or not. */
  kill(): void {
    if (!this.#process) return;
    this.#world.trace.note(`${this.name} is killed`);
    this.#end(this.#process);
  }

  /** The power fails: what was not synced may be lost or torn. */
  cutPower(): void {
    this.kill();
    this.#world.trace.note(`${this.name} loses power`);
    this.disk.crash(this.#random);
  }

  pause(): void {
    this.#world.trace.note(`${this.name} is paused`);
    this.#process?.pause();
  }

  resume(): void {
    this.#world.trace.note(`${this.name} is resumed`);
    this.#process?.resume();
  }

  /** Forgets everything: as a machine that joins for the first time. */
  async wipe(): Promise<void> {
    assert(!this.#process, `${this.name} still runs`);
    this.#world.trace.note(`${this.name} is wiped`);
    await this.disk.remove(directory);
  }

  async #open(process: SimProcess, beginning: Beginning): Promise<MemberRun> {
    const { clock, random } = process;
    const { network, trace, dataKey } = this.#world;
    const store = new WatchedStore({ clock }, this.#world.watcherOf(this));
    const transport = network.transport(this.host, { nodeId: this.nodeId, role: "manager", clusterId });
    const isCurrent = (): boolean => this.#process === process;
    const consensus = await Consensus.open({
      store,
      disk: processDisk(this.disk, process, () => this.disk.slowness),
      directory,
      sealer: aesGcmSealer(dataKey, random),
      clock,
      random,
      log: trace.logger(process, this.name),
      transport,
      self: { nodeId: this.nodeId, address: this.address },
      beginning,
      onLeadership: leadership => {
        if (isCurrent()) this.#world.onLeadership(this, leadership, store.version);
      },
      onRemoved: () => {
        if (isCurrent()) this.#world.onRemoved(this);
      },
      onBroken: fault => {
        if (isCurrent()) this.#break(process, fault);
      },
    });
    const served = consensus.registrations.filter(({ service }) => !this.#isPlain || service !== Peers);
    const listener = await transport.listen(this.address, served);
    return { process, store, consensus, listener };
  }

  #break(process: SimProcess, fault: Fault): void {
    this.#world.trace.note(`${this.name} is broken: ${fault.message}`);
    this.#end(process);
    this.#world.onBroken(this, fault);
  }

  #end(program: SimProcess): void {
    program.kill();
    if (this.#process !== program) return;
    this.#process = undefined;
    this.#run = undefined;
    this.#world.network.kill(this.host);
  }
}
