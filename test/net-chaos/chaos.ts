import { Dice } from "../../src/sim/dice.ts";
import type { Node } from "../../src/wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { eventually } from "../lab/command.ts";
import type { Daemon } from "../lab/daemon.ts";
import type { LabHost } from "../lab/lab.ts";
import { leftovers } from "../lab/leftovers.ts";
import type { OverlaySwarm } from "../lab/overlay-swarm.ts";
import { damage } from "./damage.ts";
import { differences, type Underlay } from "./expectation.ts";
import { hostView } from "./host-view.ts";
import { nameDifferences, writeAsker } from "./name-answers.ts";
import { StateReader } from "./state-reader.ts";
import { isSameState, type SwarmState, unsettled } from "./swarm-state.ts";
import { networkNames, Users } from "./users.ts";

/** A swarm that is not where its users want it after so long is stuck, in milliseconds. */
const settleLimitMs = 120_000;

export interface NetChaosOptions {
  readonly swarm: OverlaySwarm;
  readonly seed: number;
  readonly changes: number;
  /** How long every node may take, once the swarm is settled, to have what the managers' state says, in milliseconds. */
  readonly withinMs: number;
  /** Whether nodes are also damaged by hand. */
  readonly damages: boolean;
  readonly say: (line: string) => void;
}

export interface NetChaosReport {
  /** How long it took from a settled swarm to nodes that have all, looks included, in milliseconds, one a change. */
  readonly tookMs: readonly number[];
  /** DNS questions that were asked. */
  readonly asked: number;
}

/** Throws with the story of the last changes when a node does not have what the managers' state says. */
export async function netChaos(options: NetChaosOptions): Promise<NetChaosReport> {
  const reader = await StateReader.open(options.swarm);
  try {
    return await new NetChaos(options, reader).run();
  } finally {
    await reader.close();
  }
}

class NetChaos {
  readonly #options: NetChaosOptions;
  readonly #reader: StateReader;
  readonly #dice: Dice;
  readonly #users: Users;
  readonly #asker: string;
  readonly #story: string[] = [];
  readonly #tookMs: number[] = [];
  #asked = 0;

  constructor(options: NetChaosOptions, reader: StateReader) {
    this.#options = options;
    this.#reader = reader;
    this.#dice = new Dice(options.seed);
    this.#users = new Users(this.#dice);
    this.#asker = writeAsker(options.swarm.client.dir);
  }

  async run(): Promise<NetChaosReport> {
    const { changes } = this.#options;
    for (const name of networkNames) await this.#docker(["network", "create", "--driver", "overlay", name]);
    for (let number = 1; number <= changes; number += 1) await this.#attempt(number, () => this.#change());
    await this.#attempt(changes + 1, () => this.#removeAll());
    await this.#leave();
    return { tookMs: this.#tookMs, asked: this.#asked };
  }

  async #attempt(number: number, change: () => Promise<string>): Promise<void> {
    const begin = performance.now();
    const what = await change();
    this.#story.push(`${number} ${what}`);
    const settledAfter = await this.#settled();
    const tookMs = await this.#equal(this.#options.withinMs);
    this.#tookMs.push(tookMs);
    const total = ((performance.now() - begin) / 1_000).toFixed(1);
    this.#options.say(
      `${this.#story.at(-1)}: settled after ${settledAfter} ms, equal ${Math.round(tookMs)} ms later (${total} s)`,
    );
  }

  async #change(): Promise<string> {
    const { swarm, damages } = this.#options;
    const dice = this.#dice;
    const at = dice.below(swarm.daemons.length);
    const [daemon, host] = [swarm.daemons[at] as Daemon, swarm.lab.hosts[at] as LabHost];
    const chance = dice.upTo(1);
    if (chance < 0.04) return this.#killNode(daemon, host);
    if (chance < 0.07) return this.#killDaemon(await this.#leader());
    if (chance < 0.1) return this.#killDaemon(daemon);
    if (chance < 0.13 && damages) return damage(host, dice);
    const argv = this.#users.next();
    await this.#docker(argv);
    return `docker ${argv.filter(each => !each.startsWith("trap")).join(" ")}`;
  }

  /** Power fails: engine and daemon are gone at once, and come back. */
  async #killNode(daemon: Daemon, host: LabHost): Promise<string> {
    await Promise.all([daemon.end("SIGKILL"), host.docker.end("SIGKILL")]);
    await host.docker.start();
    await daemon.start();
    return `kill and return of ${host.name}, with its engine`;
  }

  async #killDaemon(daemon: Daemon): Promise<string> {
    await daemon.end("SIGKILL");
    await daemon.start();
    return `kill and return of ${daemon.options.hostname}'s daemon`;
  }

  async #leader(): Promise<Daemon> {
    const { daemons, manager } = this.#options.swarm;
    const nodes = await manager.dockerOk("node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}");
    const [name] =
      nodes
        .split("\n")
        .find(line => line.endsWith(" Leader"))
        ?.split(" ") ?? [];
    return daemons.find(({ options }) => options.hostname === name) ?? manager;
  }

  /** Any manager will do; the docker CLI's own command, which must succeed. */
  async #docker(argv: readonly string[]): Promise<void> {
    await this.#dice.pick(this.#options.swarm.daemons).dockerOk(...argv);
  }

  async #removeAll(): Promise<string> {
    const { services } = this.#users;
    if (services.length > 0) await this.#docker(["service", "rm", ...services]);
    await eventually("the networks can be removed", async () =>
      (await this.#options.swarm.manager.docker("network", "rm", ...networkNames)).code === 0 ? true : undefined,
    );
    return "removal of all services and networks";
  }

  /** Waits until the swarm is where its users want it; gives how long that took, in milliseconds. */
  async #settled(): Promise<number> {
    const begin = performance.now();
    let reason: string | undefined;
    const settled = async (): Promise<true | undefined> => {
      reason = await this.#reader.read().then(unsettled, String);
      return reason === undefined ? true : undefined;
    };
    await eventually("the swarm is settled", settled, settleLimitMs).catch(() =>
      this.#fail([`the swarm is not settled: ${reason}`]),
    );
    return Math.round(performance.now() - begin);
  }

  /**
   * Waits until every node has what the managers' state says; gives how long that took since that changed last, in ms: until a look
   * began that found it so. A look takes as long as a question for a name that nobody answers.
   */
  async #equal(limitMs: number): Promise<number> {
    let begin = performance.now();
    let before: readonly string[] = [];
    let state = await this.#reader.read();
    for (;;) {
      const tookMs = performance.now() - begin;
      const found = unsettled(state) === undefined ? await this.#differences(state) : [];
      const next = await this.#reader.read();
      if (unsettled(next) !== undefined || !isSameState(state, next)) {
        // It only seemed to be settled: an agent had not said yet what it had lost, or a node gives up a network that nobody is on.
        await this.#settled();
        begin = performance.now();
        before = [];
        state = await this.#reader.read();
        continue;
      }
      if (tookMs > limitMs) this.#fail(found.length === 0 ? before : found);
      if (found.length === 0) return tookMs;
      before = found;
    }
  }

  #fail(reasons: readonly string[]): never {
    const story = this.#story.slice(-5).join("\n  ");
    throw new Error(`seed ${this.#options.seed}:\n  ${reasons.join("\n  ")}\nafter\n  ${story}`);
  }

  async #differences(state: SwarmState): Promise<string[]> {
    const { lab } = this.#options.swarm;
    const hosts = new Map(lab.hosts.map(host => [host.name, host]));
    const hostOf = ({ description }: Node): LabHost => hosts.get(description?.hostname ?? "") as LabHost;
    const underlay: Underlay = new Map(state.nodes.map(node => [node.id, hostOf(node).address]));
    const found = await Promise.all(
      state.nodes.map(async node => {
        const host = hostOf(node);
        const [view, names] = await Promise.all([hostView(host), nameDifferences(state, node, host, this.#asker)]);
        this.#asked += names.asked;
        return [...differences(state, node, underlay, view), ...names.differences].map(text => `${host.name}: ${text}`);
      }),
    );
    return found.flat();
  }

  async #leave(): Promise<void> {
    const { daemons, lab } = this.#options.swarm;
    for (const daemon of daemons) await daemon.dockerOk("swarm", "leave", "--force");
    const found = await Promise.all(lab.hosts.slice(0, daemons.length).map(leftovers));
    if (found.flat().length > 0) this.#fail(found.flat());
  }
}
