import { Daemon } from "./daemon.ts";
import { createLab, type Lab, type LabHost } from "./lab.ts";
import { init, join, showsManagers } from "./managers.ts";
import { StockEngine } from "./stock-engine.ts";

export interface MixedSwarmOptions {
  readonly managers: number;
  readonly workers: number;
  readonly engines: number;
}

/**
 * A swarm of Shoal managers and workers on the embedded runtime, in a lab of hosts, and as many hosts more with a stock
 * Docker Engine each, in no swarm yet. Hosts are numbered through: managers, workers, engines.
 */
export class MixedSwarm {
  readonly lab: Lab;
  readonly managers: readonly Daemon[];
  readonly workers: readonly Daemon[];
  readonly engines: readonly StockEngine[];

  private constructor(lab: Lab, daemons: readonly Daemon[], { managers }: MixedSwarmOptions) {
    this.lab = lab;
    this.managers = daemons.slice(0, managers);
    this.workers = daemons.slice(managers);
    this.engines = lab.hosts.slice(daemons.length).map(host => new StockEngine(host));
  }

  static async start(options: MixedSwarmOptions): Promise<MixedSwarm> {
    const shoals = options.managers + options.workers;
    const lab = await createLab(shoals + options.engines, { docker: false });
    const daemons = lab.hosts.slice(0, shoals).map(daemonOn);
    try {
      const engines = lab.hosts.slice(shoals);
      await Promise.all([...daemons.map(one => one.start()), ...engines.map(host => host.startDocker())]);
      const swarm = new MixedSwarm(lab, daemons, options);
      await swarm.#found();
      return swarm;
    } catch (error) {
      await dispose(daemons, lab);
      throw error;
    }
  }

  get first(): Daemon {
    const [first] = this.managers;
    if (!first) throw new Error("a swarm has one manager at least");
    return first;
  }

  /** The arguments of `docker swarm join` with a role's token, through the first manager. */
  async joining(role: "manager" | "worker"): Promise<string[]> {
    const token = await this.first.dockerOk("swarm", "join-token", "-q", role);
    return ["swarm", "join", "--token", token, `${this.first.options.address}:2377`];
  }

  async dispose(): Promise<void> {
    await dispose([...this.managers, ...this.workers], this.lab);
  }

  async #found(): Promise<void> {
    const [first, ...others] = this.managers;
    await init(this.first);
    for (const manager of others) await join(manager, this.first, "manager");
    await Promise.all(this.workers.map(worker => join(worker, this.first, "worker")));
    const roles = [
      [first, "Leader"] as const,
      ...others.map(one => [one, "Reachable"] as const),
      ...this.workers.map(one => [one, ""] as const),
    ];
    await showsManagers(this.first, Object.fromEntries(roles.map(([one, role]) => [one?.options.hostname, role])));
  }
}

function daemonOn({ address, name: hostname, namespace }: LabHost): Daemon {
  return new Daemon({ address, hostname, namespace, flags: ["--runtime", "embedded"] });
}

async function dispose(daemons: readonly Daemon[], lab: Lab): Promise<void> {
  // Together they could not leave: most managers would wait for a quorum that is gone.
  await Promise.all(daemons.map(one => one.end("SIGKILL")));
  await lab.close();
  await Promise.all(daemons.map(one => one.dispose()));
}
