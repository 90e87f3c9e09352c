import { Agent, type AgentOptions, type Link } from "../agent/agent.ts";
import type { KnownManager, WeightedManager } from "../agent/manager-book.ts";
import { ManagerFile } from "./manager-file.ts";

/** As for an agent; what it learns of managers is kept as well. */
export interface WorkerOptions extends Omit<AgentOptions, "managers"> {
  /** Managers to begin with besides those remembered, HOST:PORT each. */
  readonly managers: readonly string[];
}

/** A node's worker as one unit: the agent, and the memory of the managers it may turn to after a restart. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #file: ManagerFile;
  #known: readonly KnownManager[];
  #recalled: Promise<void> | undefined;
  #agent: Agent | undefined;
  #link: Link = { connected: false, fault: undefined };

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#file = new ManagerFile(options.disk, options.directory, options.log);
    this.#known = options.managers.map(address => ({ nodeId: "", address }));
  }

  /** Reads which managers were known last; `start` does so too. */
  recall(): Promise<void> {
    this.#recalled ??= this.#recall();
    return this.#recalled;
  }

  /** Begins; resolves before a manager is reached. */
  async start(): Promise<void> {
    const { disk, directory } = this.#options;
    await disk.makeDirectory(directory);
    await this.recall();
    this.#agent = new Agent({
      ...this.#options,
      managers: this.#known,
      onManagers: learnt => this.#learn(learnt),
      onLink: link => {
        this.#link = link;
        this.#options.onLink?.(link);
      },
    });
    this.#agent.start();
  }

  /** Ends the session and lets go of the tasks, which run on. */
  async stop(): Promise<void> {
    await this.#agent?.stop();
    await this.#file.idle();
  }

  /** Lets the managers know soon what has changed of this machine. */
  describeAgain(): void {
    this.#agent?.describeAgain();
  }

  /** The managers known now. */
  managers(): readonly KnownManager[] {
    return this.#known;
  }

  /** Whether a manager leads this node now, and if not, why not. */
  link(): Link {
    return this.#link;
  }

  async #recall(): Promise<void> {
    const remembered = await this.#file.load();
    const addresses = new Set(remembered.map(manager => manager.address));
    this.#known = [...remembered, ...this.#known.filter(manager => !addresses.has(manager.address))];
  }

  #learn(managers: readonly WeightedManager[]): void {
    this.#known = managers.map(({ nodeId, address }) => ({ nodeId, address }));
    this.#file.save(this.#known);
    this.#options.onManagers?.(managers);
  }
}
