import { Daemon } from "./daemon.ts";

export interface SwarmOptions {
  /** Third byte of the loopback addresses 127.0.BASE.n: each test file takes one of its own. */
  readonly base: number;
  readonly workers: number;
  readonly flags?: readonly string[];
  /** The manager's, where they are others. */
  readonly managerFlags?: readonly string[];
}

/** A real swarm on this machine: a manager and workers as processes of their own, embedded runtime unless told. */
export class Swarm {
  readonly manager: Daemon;
  readonly workers: readonly Daemon[];

  private constructor(manager: Daemon, workers: readonly Daemon[]) {
    this.manager = manager;
    this.workers = workers;
  }

  static async start({ base, workers, managerFlags, flags = ["--runtime", "embedded"] }: SwarmOptions): Promise<Swarm> {
    const daemon = (at: number, hostname: string, own = flags): Daemon =>
      new Daemon({ address: `127.0.${base}.${at}`, hostname, flags: own });
    const manager = daemon(1, "m1", managerFlags);
    const swarm = new Swarm(
      manager,
      Array.from({ length: workers }, (_, at) => daemon(at + 2, `w${at + 1}`)),
    );
    try {
      await Promise.all(swarm.all.map(one => one.start()));
      await swarm.found();
      for (const worker of swarm.workers) await swarm.join(worker);
    } catch (error) {
      await swarm.dispose();
      throw error;
    }
    return swarm;
  }

  get all(): readonly Daemon[] {
    return [this.manager, ...this.workers];
  }

  /** Makes the manager's node the swarm's first. */
  async found(): Promise<void> {
    const { address } = this.manager.options;
    await this.manager.apiOk("POST", "/swarm/init", { ListenAddr: address, AdvertiseAddr: address });
  }

  /** Joins a daemon as a worker. */
  async join(worker: Daemon): Promise<void> {
    const { address } = worker.options;
    const swarm = (await this.manager.apiOk("GET", "/swarm")) as { JoinTokens: { Worker: string } };
    await worker.apiOk("POST", "/swarm/join", {
      ListenAddr: address,
      AdvertiseAddr: address,
      RemoteAddrs: [`${this.manager.options.address}:2377`],
      JoinToken: swarm.JoinTokens.Worker,
    });
  }

  /** Ends everything: tasks, daemons, files. */
  async dispose(): Promise<void> {
    await Promise.all(this.all.map(one => one.dispose()));
  }
}
