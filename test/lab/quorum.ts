import { eventually } from "./command.ts";
import { Daemon } from "./daemon.ts";
import { figuresOf, metricsFlags, total } from "./figures.ts";

export interface QuorumOptions {
  readonly count: number;
  /** Third byte of the loopback addresses 127.0.BASE.n. */
  readonly base: number;
  readonly flags?: readonly string[];
}

/** A swarm of managers alone: real processes of this machine, each with a data root and a loopback address of its own. */
export class Quorum {
  readonly all: readonly Daemon[];

  private constructor(all: readonly Daemon[]) {
    this.all = all;
  }

  static async start({ count, base, flags = [] }: QuorumOptions): Promise<Quorum> {
    const all = Array.from({ length: count }, (_, at) => Quorum.daemon(base, at + 1, flags));
    const quorum = new Quorum(all);
    try {
      await Promise.all(all.map(one => one.start()));
      const [first, ...others] = all;
      await first?.apiOk("POST", "/swarm/init", addresses(first));
      for (const one of others) await quorum.join(one);
      await quorum.caughtUp();
    } catch (error) {
      await quorum.dispose();
      throw error;
    }
    return quorum;
  }

  /** A daemon that is in no swarm yet. */
  static daemon(base: number, number: number, flags: readonly string[] = []): Daemon {
    const address = `127.0.${base}.${number}`;
    return new Daemon({
      address,
      hostname: `m${number}`,
      flags: ["--runtime", "embedded", "--log-level", "warn", ...metricsFlags(address), ...flags],
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

  /** Waits until a running manager leads as it says itself, and gives that one. */
  leader(): Promise<Daemon> {
    return eventually("the swarm has a leader", async () => {
      for (const one of this.all.filter(({ pid }) => pid))
        if ((await figuresOf(one).catch(() => undefined))?.get("shoal_raft_leading") === 1) return one;
      return undefined;
    });
  }

  /** Waits until all are members, the leader reaches every one, and all have taken the whole log. Gives the leader. */
  caughtUp(): Promise<Daemon> {
    return eventually("all managers are up to date", async () => {
      const leader = await this.leader();
      const figures = await figuresOf(leader);
      const members = figures.get("shoal_raft_members") ?? 0;
      const isWhole = members >= this.all.length && figures.get("shoal_raft_members_reachable") === members;
      return isWhole && total(figures, "shoal_raft_peer_entries_behind") === 0 ? leader : undefined;
    });
  }

  /** The term as a manager knows it. */
  async term(asked: Daemon): Promise<number> {
    return (await figuresOf(asked)).get("shoal_raft_term") ?? 0;
  }

  async dispose(): Promise<void> {
    // Together they could not leave: most of them would wait for a quorum that is gone.
    for (const one of this.all) await one.end("SIGKILL");
    await Promise.all(this.all.map(one => one.dispose()));
  }
}

function addresses(one: Daemon): { ListenAddr: string; AdvertiseAddr: string } {
  return { ListenAddr: one.options.address, AdvertiseAddr: one.options.address };
}
