import { eventually } from "./command.ts";
import { Daemon } from "./daemon.ts";

/** A line of `docker node ls`. */
export interface NodeLine {
  readonly name: string;
  readonly status: string;
  readonly manager: string;
}

/** Daemons on loopback addresses of their own, on the embedded runtime, and what is done with them by the docker CLI. */
export class Managers {
  readonly #network: string;
  readonly #flags: (address: string) => readonly string[];
  readonly #all: Daemon[] = [];

  /** `network` is the first three numbers of the addresses, like "127.0.35"; `flags` are a daemon's own, by its address. */
  constructor(network: string, flags: (address: string) => readonly string[] = () => []) {
    this.#network = network;
    this.#flags = flags;
  }

  /** A running daemon named n`at`, in no swarm. */
  async start(at: number): Promise<Daemon> {
    const address = `${this.#network}.${at}`;
    const daemon = new Daemon({
      address,
      hostname: `n${at}`,
      flags: ["--runtime", "embedded", ...this.#flags(address)],
    });
    this.#all.push(daemon);
    await daemon.start();
    return daemon;
  }

  /** Founds a swarm on the first and joins the others as managers. */
  async swarm(count: number): Promise<Daemon[]> {
    const daemons = await Promise.all(Array.from({ length: count }, (_, at) => this.start(at + 1)));
    const [first, ...others] = daemons;
    if (!first) throw new Error("a swarm has one node at least");
    await init(first);
    for (const other of others) await join(other, first, "manager");
    await eventually("all are managers", async () => {
      const lines = await nodeLines(first);
      const managers = lines.filter(({ manager }) => manager === "Leader" || manager === "Reachable");
      return managers.length === count ? true : undefined;
    });
    return daemons;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#all.splice(0).map(daemon => daemon.dispose()));
  }
}

export async function init(daemon: Daemon, ...more: string[]): Promise<string> {
  return daemon.dockerOk("swarm", "init", ...ownAddress(daemon), ...more);
}

/** Joins with a role's token, which `by` gives out; what the CLI said. */
export async function join(daemon: Daemon, by: Daemon, role: "manager" | "worker"): Promise<string> {
  const token = await by.dockerOk("swarm", "join-token", "-q", role);
  return daemon.dockerOk("swarm", "join", ...ownAddress(daemon), "--token", token, `${by.options.address}:2377`);
}

export function ownAddress({ options: { address } }: Daemon): string[] {
  return ["--listen-addr", address, "--advertise-addr", address];
}

export async function nodeLines(asked: Daemon): Promise<NodeLine[]> {
  const output = await asked.dockerOk("node", "ls", "--format", "{{.Hostname}}\t{{.Status}}\t{{.ManagerStatus}}");
  const lines = output.split("\n").map(line => {
    const [name = "", status = "", manager = ""] = line.split("\t");
    return { name, status, manager };
  });
  return lines.sort((a, b) => a.name.localeCompare(b.name));
}

/** Waits until `docker node ls` shows these manager statuses, by node name; "" for a worker. Ready all of them. */
export async function showsManagers(asked: Daemon, wanted: Readonly<Record<string, string>>): Promise<void> {
  let last: unknown;
  const shown = async () => {
    last = await nodeLines(asked).catch(error => error);
    const expected = Object.entries(wanted);
    const fits = (lines: readonly NodeLine[]) =>
      lines.length === expected.length &&
      expected.every(([name, manager]) =>
        lines.some(line => line.name === name && line.manager === manager && line.status === "Ready"),
      );
    return Array.isArray(last) && fits(last) ? true : undefined;
  };
  await eventually("the managers are shown", shown).catch(error => {
    const shownLast = last instanceof Error ? last.message : JSON.stringify(last);
    throw new Error(`${error}: ${shownLast}, not ${JSON.stringify(wanted)}`);
  });
}

/** The name of the manager that leads, as another or itself says; undefined while nobody does. */
export async function leaderName(asked: Daemon): Promise<string | undefined> {
  const lines = await nodeLines(asked).catch(() => []);
  return lines.find(({ manager }) => manager === "Leader")?.name;
}

/** The daemons of the leader and of the others, the leader awaited. */
export async function leaderAndOthers(daemons: readonly Daemon[]): Promise<{ leader: Daemon; others: Daemon[] }> {
  const [first] = daemons;
  const leader = await eventually("somebody leads", async () => {
    const name = first && (await leaderName(first));
    return daemons.find(({ options }) => options.hostname === name);
  });
  return { leader, others: daemons.filter(daemon => daemon !== leader) };
}

/** Kills a daemon and waits until one of the others leads; that one. */
export async function killLeader(leader: Daemon, others: readonly Daemon[]): Promise<Daemon> {
  const [asked] = others;
  await leader.end("SIGKILL");
  return eventually("another one leads", async () => {
    const name = asked && (await leaderName(asked));
    return others.find(({ options }) => options.hostname === name);
  });
}
