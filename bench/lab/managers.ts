import { eventually } from "../../test/lab/command.ts";
import { Daemon } from "../../test/lab/daemon.ts";

export interface ManagersOptions {
  readonly count: number;
  /** Third byte of the loopback addresses 127.0.BASE.n. */
  readonly base: number;
  readonly flags?: readonly string[];
}

interface NodeView {
  readonly ID: string;
  readonly Description: { readonly Hostname: string };
  readonly ManagerStatus?: { readonly Leader?: boolean; readonly Reachability: string; readonly Addr: string };
}

/** A swarm of managers alone: real processes of this machine, each with a data root and a loopback address of its own. */
export class Managers {
  readonly all: readonly Daemon[];

  private constructor(all: readonly Daemon[]) {
    this.all = all;
  }

  static async start({ count, base, flags = [] }: ManagersOptions): Promise<Managers> {
    const all = Array.from({ length: count }, (_, at) => Managers.daemon(base, at + 1, flags));
    const managers = new Managers(all);
    try {
      await Promise.all(all.map(one => one.start()));
      const [first, ...others] = all;
      await first?.apiOk("POST", "/swarm/init", addresses(first));
      for (const one of others) await managers.join(one);
      await managers.allReachable();
    } catch (error) {
      await managers.dispose();
      throw error;
    }
    return managers;
  }

  /** A daemon that is in no swarm yet. */
  static daemon(base: number, number: number, flags: readonly string[] = []): Daemon {
    return new Daemon({
      address: `127.0.${base}.${number}`,
      hostname: `m${number}`,
      flags: ["--runtime", "embedded", "--log-level", "warn", ...flags],
    });
  }

  /** Makes a daemon one more manager. */
  async join(one: Daemon, through: Daemon | undefined = this.all[0]): Promise<void> {
    const swarm = (await through?.apiOk("GET", "/swarm")) as { JoinTokens: { Manager: string } };
    await one.apiOk("POST", "/swarm/join", {
      ...addresses(one),
      RemoteAddrs: [`${through?.options.address}:2377`],
      JoinToken: swarm.JoinTokens.Manager,
    });
  }

  /** Waits until a manager names the leader, and gives that one. Asked is `of`, or whoever runs. */
  leader(of?: Daemon): Promise<Daemon> {
    return eventually("the swarm has a leader", async () => {
      for (const asked of of ? [of] : this.all.filter(one => one.pid)) {
        const nodes = await this.#nodes(asked);
        const leader = nodes.find(node => node.ManagerStatus?.Leader);
        if (leader) return this.all.find(one => one.options.hostname === leader.Description.Hostname);
      }
      return undefined;
    });
  }

  /** Waits until the leader reaches every manager. */
  allReachable(): Promise<true> {
    return eventually("all managers are reachable", async () => {
      const [asked] = this.all.filter(one => one.pid);
      const nodes = asked ? await this.#nodes(asked) : [];
      const reachable = nodes.filter(node => node.ManagerStatus?.Reachability === "reachable");
      return reachable.length === this.all.length || undefined;
    });
  }

  async dispose(): Promise<void> {
    // Together they could not leave: most of them would wait for a quorum that is gone.
    for (const one of this.all) await one.end("SIGKILL");
    await Promise.all(this.all.map(one => one.dispose()));
  }

  async #nodes(asked: Daemon): Promise<readonly NodeView[]> {
    const answer = await asked.api("GET", "/nodes").catch(() => undefined);
    return answer?.status === 200 ? (answer.body as NodeView[]) : [];
  }
}

function addresses(one: Daemon): { ListenAddr: string; AdvertiseAddr: string } {
  return { ListenAddr: one.options.address, AdvertiseAddr: one.options.address };
}
