import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { asFault, Fault } from "../lib/fault.ts";
import { same } from "../lib/same.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Disk } from "../ports/disk.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Runtime } from "../ports/runtime.ts";
import type { Connection, Transport } from "../ports/transport.ts";
import type { SessionMessage } from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { LogBroker } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import type { Node } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { NodeDescription } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { Journal } from "./journal.ts";
import { listenForLogs } from "./log-listener.ts";
import { type KnownManager, ManagerBook, type WeightedManager } from "./manager-book.ts";
import { Reporter } from "./reporter.ts";
import { Session } from "./session.ts";
import { TaskSet } from "./task-set.ts";
import { UsageReporter } from "./usage-reporter.ts";

/** Between tries to get a session. SwarmKit: 100 ms to 8 s. */
const sessionBackoff: Backoff = { firstMs: 100, longestMs: 8_000 };

/** Whether a manager leads this node now, and if not, why not. */
export type Link =
  | { readonly connected: true; readonly manager: string }
  /** No fault: none was tried yet. */
  | { readonly connected: false; readonly fault: Fault | undefined };

export interface AgentOptions {
  readonly nodeId: string;
  readonly runtime: Runtime;
  /** This machine, as the managers are to know it; the runtime's own description when left out. */
  readonly describe?: () => Promise<NodeDescription>;
  readonly transport: Transport;
  readonly disk: Disk;
  /** Where the agent keeps what it notes of its tasks; its own. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Managers to begin with. */
  readonly managers: readonly KnownManager[];
  /** The managers there are now, when that has changed. */
  readonly onManagers?: (managers: readonly WeightedManager[]) => void;
  /** This node as the managers see it (role, availability, certificate), at the start and when it changes. */
  readonly onNode?: (node: Node) => void;
  /** The swarm's root certificate (PEM), when it has changed. */
  readonly onRootCa?: (pem: Uint8Array) => void;
  readonly onLink?: (link: Link) => void;
  /** Called with each session as soon as it works; `signal` aborts at its end. */
  readonly onSession?: (connection: Connection, sessionId: string, signal: AbortSignal) => void;
}

/** A node's end of the swarm: holds a session with a manager, runs what is assigned, and reports what becomes of it. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #tasks: TaskSet;
  readonly #reporter: Reporter;
  readonly #managers: ManagerBook;
  readonly #usage: UsageReporter;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #sessionId = "";
  #description: NodeDescription | undefined;
  #told: SessionMessage | undefined;
  #current: Session | undefined;

  constructor(options: AgentOptions) {
    const { runtime, disk, directory, clock, random, log } = options;
    this.#options = options;
    this.#reporter = new Reporter(log);
    const journal = new Journal({ disk, directory, clock, log });
    const described = async (): Promise<NodeDescription> => {
      this.#description ??= await this.#describe();
      return this.#description;
    };
    this.#tasks = new TaskSet({ runtime, describe: described, journal, reporter: this.#reporter, clock, random, log });
    this.#managers = new ManagerBook(options.managers);
    this.#usage = new UsageReporter({ runtime, clock, log });
  }

  /** Begins; everything after that, waiting for engine and managers included, goes on by itself. */
  start(): void {
    this.#running = this.#run(this.#stopping.signal);
  }

  /** Lets go of managers and tasks. Tasks run on. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#tasks.close();
  }

  /** Looks at this machine anew, and tells the managers if it has changed. */
  describeAgain(): void {
    if (this.#current) this.#current.describeAgain();
    else this.#description = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    await this.#tasks.open(signal, fault => this.#options.onLink?.({ connected: false, fault }));
    // An engine that hangs must not hold up the agent's end: nobody waits for this.
    void this.#usage.run(signal);
    for (let attempt = 0; !signal.aborted; ) {
      const fault = await this.#session(signal, () => {
        attempt = 0;
      });
      if (!fault || signal.aborted) continue;
      attempt += 1;
      this.#options.onLink?.({ connected: false, fault });
      await sleep(this.#options.clock, backoffMs(sessionBackoff, attempt, this.#options.random.float()), signal);
    }
  }

  /** One session with some manager. Returns why it broke; undefined when it is to be opened again at once. */
  async #session(signal: AbortSignal, onWorking: () => void): Promise<Fault | undefined> {
    const { transport, random, log } = this.#options;
    const manager = this.#managers.pick(random.float());
    if (manager === undefined) return new Fault("unavailable", "no manager is known");
    let connection: Connection | undefined;
    try {
      this.#description ??= await this.#describe();
      connection = transport.connect(manager);
      await this.#hold(connection, this.#description, signal, onWorking);
      return undefined;
    } catch (error) {
      const fault = asFault(error);
      if (connection) this.#managers.failed(manager);
      log.info("no session with a manager", { manager, code: fault.code, error: fault.message });
      return fault;
    } finally {
      connection?.close();
    }
  }

  async #hold(
    connection: Connection,
    description: NodeDescription,
    signal: AbortSignal,
    onWorking: () => void,
  ): Promise<void> {
    const { clock, log, onLink, onSession } = this.#options;
    const ended = new AbortController();
    const session = new Session({
      connection,
      describe: () => this.#describe(),
      clock,
      log,
      description,
      tasks: this.#tasks,
      reporter: this.#reporter,
      resume: this.#sessionId,
      onMessage: message => this.#hear(message),
      onWorking: () => {
        this.#managers.worked(connection.address);
        onLink?.({ connected: true, manager: connection.address });
        void this.#listenForLogs(connection, ended.signal);
        this.#usage.attach(connection, session.id, ended.signal);
        onSession?.(connection, session.id, ended.signal);
        onWorking();
      },
    });
    this.#current = session;
    try {
      await session.run(signal);
    } finally {
      ended.abort();
      this.#current = undefined;
      this.#sessionId = session.id;
      this.#description = session.description;
    }
  }

  #describe(): Promise<NodeDescription> {
    const { describe, runtime } = this.#options;
    return describe ? describe() : runtime.describe();
  }

  #listenForLogs(connection: Connection, signal: AbortSignal): Promise<void> {
    const { nodeId, runtime, clock, random, log } = this.#options;
    const client = connection.client(LogBroker);
    return listenForLogs({ nodeId, runtime, clock, random, log, client, tasks: this.#tasks }, signal);
  }

  #hear(message: SessionMessage): void {
    const { onManagers, onNode, onRootCa } = this.#options;
    const told = this.#told;
    this.#told = message;
    if (message.node && !same(told?.node, message.node)) onNode?.(message.node);
    if (message.RootCA.length > 0 && !same(told?.RootCA, message.RootCA)) onRootCa?.(message.RootCA);
    if (same(told?.managers, message.managers)) return;
    const managers = message.managers.flatMap(({ peer, weight }) =>
      peer && peer.addr !== "" ? [{ nodeId: peer.nodeId, address: peer.addr, weight: Number(weight) }] : [],
    );
    this.#managers.replace(managers);
    if (managers.length > 0) onManagers?.(managers);
  }
}
