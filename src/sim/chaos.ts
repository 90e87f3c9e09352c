import { Fault } from "../lib/fault.ts";
import type { Client } from "../ports/transport.ts";
import type { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  UpdateConfig_FailureAction as FailureAction,
  UpdateConfig_UpdateOrder as UpdateOrder,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { SimHost } from "./host.ts";
import { type Expected, Ledger } from "./ledger.ts";
import type { SimProgram } from "./machine.ts";
import { operator, type ServiceInit } from "./operator.ts";
import { SimRandom } from "./random.ts";
import type { SimSwarm } from "./swarm.ts";

/** What containers may do. "missing" is an image that nobody has. */
const programs: Readonly<Record<string, SimProgram>> = {
  sleep: {},
  web: { prepareMs: 300, stopMs: 200 },
  heavy: { prepareMs: 6_000, stopMs: 1_500 },
  stubborn: { stopMs: Number.POSITIVE_INFINITY },
  healthy: { health: { afterMs: 1_000, says: "healthy" } },
  sick: { health: { afterMs: 2_000, says: "unhealthy" } },
  brief: { exit: { afterMs: 4_000, code: 0 } },
  crashing: { exit: { afterMs: 500, code: 1 } },
  broken: { startError: "no such program" },
};
const images = [...Object.keys(programs), "sleep", "web", "healthy", "missing"];
/** Services at one time, and the replicas of one. */
const mostServices = 8;
const mostReplicas = 7;
/** How long after its last disturbance everything about a host is in order again, in milliseconds. */
const recoveryMs = 30_000;

type Api = Client<typeof Control>;

/** Users, containers and faults at random, from a seed: what happens to a swarm in years, in minutes. */
export class Chaos {
  readonly ledger = new Ledger();
  readonly #swarm: SimSwarm;
  readonly #random: SimRandom;
  readonly #disturbances = new Map<SimHost, { readonly open: number; readonly lastEndedAt: number }>();
  readonly #repairs = new Set<() => void>();
  readonly #requests = new Set<Promise<void>>();
  readonly #problem: (problem: string) => void;
  #made = 0;
  /** How often each thing was done. */
  readonly done = new Map<string, number>();

  constructor(swarm: SimSwarm, seed: number, problem: (problem: string) => void) {
    this.#swarm = swarm;
    this.#random = new SimRandom(seed ^ 0x5ca1ab1e);
    this.#problem = problem;
    for (const { machine } of swarm.hosts)
      for (const [image, program] of Object.entries(programs)) machine.images.set(image, program);
  }

  /** Does one thing, if it can be done now. */
  act(): void {
    this.#restartBroken();
    const acts = this.#acts();
    const total = acts.reduce((sum, [weight]) => sum + weight, 0);
    let left = this.#random.float() * total;
    for (const [weight, name, run] of acts) {
      left -= weight;
      if (left >= 0) continue;
      if (run() !== false) this.done.set(name, (this.done.get(name) ?? 0) + 1);
      return;
    }
  }

  /** How long until the next act, in milliseconds: often at once, seldom long. */
  pauseMs(): number {
    return 8_000 * this.#random.float() ** 3;
  }

  /** Whether nothing has disturbed the host for a while. */
  isCalm(host: SimHost): boolean {
    const { open, lastEndedAt } = this.#disturbancesOf(host);
    return open === 0 && this.#swarm.clock.monotonic() - lastEndedAt >= recoveryMs;
  }

  /** Ends every fault, and waits for what was asked. */
  async end(): Promise<void> {
    this.#swarm.managerHost.disk.failNoMore();
    for (const repair of [...this.#repairs]) repair();
    for (const host of this.#swarm.hosts) if (!host.isUp) this.#swarm.startHost(host);
    await this.#swarm.settled(Promise.all(this.#requests));
  }

  /** A manager that found its disk broken waits for its operator. */
  #restartBroken(): void {
    const { managerHost } = this.#swarm;
    if (managerHost.isUp || this.#disturbancesOf(managerHost).open > 0) return;
    this.#repairAfter(3_000, [managerHost], () => {
      if (!managerHost.isUp) this.#swarm.startHost(managerHost);
    });
  }

  #acts(): readonly (readonly [number, string, () => unknown])[] {
    const { managerHost } = this.#swarm;
    const worker = (): SimHost => this.#pick(this.#swarm.workers);
    return [
      [4, "create", () => this.#create()],
      [4, "scale", () => this.#scale()],
      [4, "update", () => this.#setImage()],
      [1, "force", () => this.#force()],
      [2, "remove", () => this.#remove()],
      [2, "availability", () => this.#setAvailability()],
      [6, "exit", () => this.#exit()],
      [2, "kill worker", () => this.#kill(worker(), "kill")],
      [1, "stop worker", () => this.#stop(worker())],
      [1, "worker power cut", () => this.#kill(worker(), "cutPower")],
      [1, "kill manager", () => this.#kill(managerHost, "kill")],
      [1, "manager power cut", () => this.#kill(managerHost, "cutPower")],
      [0.5, "stop manager", () => this.#stop(managerHost)],
      [2, "partition", () => this.#partition(worker())],
      [1, "connection cut", () => this.#swarm.network.cut(worker().address, managerHost.address)],
      [1, "distance", () => this.#delay(worker())],
      [1, "engine outage", () => this.#loseEngine(this.#pick(this.#swarm.hosts))],
      [0.5, "disk full", () => managerHost.disk.failNext("append", "resource_exhausted")],
      [0.2, "disk failure", () => managerHost.disk.failNext("sync", "data_loss")],
    ];
  }

  #create(): unknown {
    const names = this.ledger.settled();
    if (names.length >= mostServices) return false;
    this.#made += 1;
    const name = `s${this.#made}`;
    const isGlobal = this.#random.float() < 0.15;
    const onFailure = this.#pick([FailureAction.PAUSE, FailureAction.CONTINUE, FailureAction.ROLLBACK]);
    const init: ServiceInit = {
      name,
      image: this.#pick(images),
      ...(isGlobal ? {} : { replicas: this.#below(mostReplicas + 1) }),
      restartDelayMs: this.#pick([500, 2_000, 5_000]),
      stopGraceMs: this.#pick([1_000, 4_000, 10_000]),
      update: {
        parallelism: this.#below(4),
        delayMs: this.#pick([0, 500, 2_000]),
        monitorMs: this.#pick([1_000, 3_000]),
        order: this.#pick([UpdateOrder.STOP_FIRST, UpdateOrder.START_FIRST]),
        onFailure,
      },
    };
    const expected = { image: init.image, replicas: init.replicas ?? -1 };
    return this.#request(name, expected, api => operator.create(api, init), onFailure === FailureAction.ROLLBACK);
  }

  #scale(): unknown {
    return this.#change((name, before) => {
      if (before.replicas < 0) return undefined;
      const replicas = this.#below(mostReplicas + 1);
      return [{ ...before, replicas }, api => operator.scale(api, name, replicas)];
    });
  }

  #setImage(): unknown {
    return this.#change((name, before) => {
      const image = this.#pick(images);
      return [{ ...before, image }, api => operator.setImage(api, name, image)];
    });
  }

  #force(): unknown {
    return this.#change((name, before) => [before, api => operator.force(api, name)]);
  }

  #remove(): unknown {
    return this.#change(name => [undefined, api => operator.remove(api, name)]);
  }

  #change(
    plan: (name: string, before: NonNullable<Expected>) => [Expected, (api: Api) => Promise<void>] | undefined,
  ): unknown {
    const names = this.ledger.settled();
    if (names.length === 0) return false;
    const name = this.#pick(names);
    const before = this.ledger.expected(name);
    const planned = before && plan(name, before);
    return planned ? this.#request(name, ...planned) : false;
  }

  #request(name: string, next: Expected, send: (api: Api) => Promise<void>, rollsBack?: boolean): void {
    this.#swarm.trace.note(`ask for ${name}: ${next ? `${next.replicas} of ${next.image}` : "removal"}`);
    this.ledger.begin(name, next, rollsBack);
    this.#track(
      this.#swarm.call(send).then(
        () => this.ledger.end(name, true),
        error => this.ledger.end(name, this.#outcomeOf(error, `change ${name}`)),
      ),
    );
  }

  #setAvailability(): void {
    const { nodeId } = this.#pick(this.#swarm.hosts).self;
    const { ACTIVE, PAUSE, DRAIN } = Availability;
    const availability = this.#pick([ACTIVE, ACTIVE, PAUSE, DRAIN]);
    this.#track(
      this.#swarm
        .call(api => operator.setAvailability(api, nodeId, availability))
        .catch(error => this.#outcomeOf(error, "change a node")),
    );
  }

  /** False: it was refused and nothing has changed; undefined: nobody knows. */
  #outcomeOf(error: unknown, what: string): false | undefined {
    const fault = error instanceof Fault ? error : undefined;
    this.#swarm.trace.note(`cannot ${what}: ${fault?.message ?? error}`);
    // "unknown" is what a change made meanwhile is answered with: the swarm writes into services and nodes itself.
    if (fault?.code === "resource_exhausted" || fault?.message.endsWith("update out of sequence")) return false;
    if (fault?.code !== "unavailable" && fault?.code !== "data_loss") this.#problem(`cannot ${what}: ${error}`);
    return fault?.message === "no manager serves" ? false : undefined;
  }

  #exit(): unknown {
    const running = this.#swarm.hosts.flatMap(host => host.machine.running.map(taskId => ({ host, taskId })));
    if (running.length === 0) return false;
    const { host, taskId } = this.#pick(running);
    this.#swarm.trace.note(`the container of ${taskId} exits`);
    host.machine.exit(taskId, this.#below(3));
    return true;
  }

  #kill(host: SimHost, how: "kill" | "cutPower"): unknown {
    if (!host.isUp) return false;
    if (how === "kill") host.kill();
    else this.#swarm.cutPower(host);
    const outage = this.#random.float() ** 2 * (host.isManager ? 12_000 : 60_000);
    this.#repairAfter(outage, [host], () => {
      if (how === "cutPower") this.#swarm.heal(host);
      if (!host.isUp) this.#swarm.startHost(host);
    });
    return true;
  }

  #stop(host: SimHost): unknown {
    if (!host.isUp) return false;
    void host.stop();
    this.#repairAfter(1_000 + 20_000 * this.#random.float(), [host], () => {
      // It has had its time; whoever waits no longer kills it.
      host.kill();
      this.#swarm.startHost(host);
    });
    return true;
  }

  #partition(host: SimHost): void {
    this.#swarm.partition(host);
    this.#repairAfter(60_000 * this.#random.float() ** 2, [host], () => this.#swarm.heal(host));
  }

  #delay(host: SimHost): void {
    this.#swarm.delay(host, 300 * this.#random.float());
    this.#repairAfter(20_000 * this.#random.float(), [], () => this.#swarm.delay(host, 0));
  }

  #loseEngine(host: SimHost): void {
    this.#swarm.trace.note(`${host.name} has lost its engine`);
    host.machine.reachable = false;
    this.#repairAfter(30_000 * this.#random.float(), [host], () => {
      host.machine.reachable = true;
    });
  }

  #repairAfter(ms: number, hosts: readonly SimHost[], repair: () => void): void {
    for (const host of hosts) this.#disturb(host, 1);
    const run = (): void => {
      timer.cancel();
      this.#repairs.delete(run);
      repair();
      for (const host of hosts) this.#disturb(host, -1);
    };
    const timer = this.#swarm.clock.after(ms, run);
    this.#repairs.add(run);
  }

  #disturb(host: SimHost, by: 1 | -1): void {
    const { open } = this.#disturbancesOf(host);
    this.#disturbances.set(host, { open: open + by, lastEndedAt: this.#swarm.clock.monotonic() });
  }

  #disturbancesOf(host: SimHost): { readonly open: number; readonly lastEndedAt: number } {
    return this.#disturbances.get(host) ?? { open: 0, lastEndedAt: Number.NEGATIVE_INFINITY };
  }

  #track(request: Promise<unknown>): void {
    const tracked = request.then(() => {
      this.#requests.delete(tracked);
    });
    this.#requests.add(tracked);
  }

  #below(limit: number): number {
    return Math.floor(this.#random.float() * limit);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }
}
