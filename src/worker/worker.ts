import { Agent, type AgentOptions, type Link } from "../agent/agent.ts";
import type { WeightedManager } from "../agent/manager-book.ts";
import { ManagerFile } from "./manager-file.ts";

/** As for an agent; what it learns of managers is kept as well. */
export type WorkerOptions = AgentOptions;

/** A node's worker as one unit: the agent, and the memory of the managers it may turn to after a restart. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #file: ManagerFile;
  #agent: Agent | undefined;
  #link: Link = { connected: false, fault: undefined };

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#file = new ManagerFile(options.disk, options.directory, options.log);
  }

  /** Begins; resolves before a manager is reached. */
  async start(): Promise<void> {
    const { managers, disk, directory } = this.#options;
    await disk.makeDirectory(directory);
    const remembered = await this.#file.load();
    this.#agent = new Agent({
      ...this.#options,
      managers: [...new Set([...remembered, ...managers])],
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

  /** The managers known now, HOST:PORT each. */
  managers(): readonly string[] {
    return this.#agent?.managers() ?? this.#options.managers;
  }

  /** Whether a manager leads this node now, and if not, why not. */
  link(): Link {
    return this.#link;
  }

  #learn(managers: readonly WeightedManager[]): void {
    this.#file.save(managers.map(manager => manager.address));
    this.#options.onManagers?.(managers);
  }
}
