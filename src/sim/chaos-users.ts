import { Fault } from "../lib/fault.ts";
import type { Client } from "../ports/transport.ts";
import type { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  UpdateConfig_FailureAction as FailureAction,
  RestartPolicy_RestartCondition as RestartCondition,
  UpdateConfig_UpdateOrder as UpdateOrder,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Act } from "./chaos.ts";
import type { Dice } from "./dice.ts";
import { type Expected, Ledger } from "./ledger.ts";
import type { SimProgram } from "./machine.ts";
import { operator, type ServiceInit } from "./operator.ts";
import type { SimSwarm } from "./swarm.ts";

/** What containers may do. "missing" is an image that nobody has. */
const programs: Readonly<Record<string, SimProgram>> = {
  sleep: {},
  web: { prepareMs: 300, stopMs: 200, stdout: ["hello"] },
  heavy: { prepareMs: 6_000, stopMs: 1_500 },
  stubborn: { stopMs: Number.POSITIVE_INFINITY },
  healthy: { health: { afterMs: 1_000, says: "healthy" } },
  sick: { health: { afterMs: 2_000, says: "unhealthy" } },
  brief: { exit: { afterMs: 4_000, code: 0 }, stdout: ["done"] },
  crashing: { exit: { afterMs: 500, code: 1 }, stderr: ["no"] },
  broken: { startError: "no such program" },
};
const images = [...Object.keys(programs), "sleep", "web", "healthy", "missing"];
const secretName = "key";
/** Small enough for addresses to come round again, with room for all services at their largest. */
const overlay = { name: "overlay", subnet: "10.99.0.0/25" };
/** Services at one time, and the replicas of one. */
const mostServices = 8;
const mostReplicas = 7;

/*
 * Two kinds of services ask for what is scarce. There are so few of them that all fit when every node is in order: three
 * nodes have twelve CPUs.
 */
const greedy = { prefix: "greedy", services: 2, replicas: 4, cpus: 1 };
const published = { prefix: "published", services: 1, replicas: 2, port: 8080 };
/** Jobs are told by their names, too: they are not scaled. */
const jobPrefix = "job";
const mostCompletions = 5;

type Api = Client<typeof Control>;

/** What users do, and a ledger of what they were answered. */
export class ChaosUsers {
  readonly ledger = new Ledger();
  readonly #swarm: SimSwarm;
  readonly #dice: Dice;
  readonly #problem: (problem: string) => void;
  readonly #requests = new Set<Promise<void>>();
  #made = 0;

  constructor(swarm: SimSwarm, dice: Dice, problem: (problem: string) => void) {
    this.#swarm = swarm;
    this.#dice = dice;
    this.#problem = problem;
  }

  async begin(): Promise<void> {
    for (const { machine } of this.#swarm.hosts)
      for (const [image, program] of Object.entries(programs)) machine.images.set(image, program);
    await this.#swarm.ask(api => operator.createSecret(api, secretName));
    await this.#swarm.ask(api => operator.createNetwork(api, overlay.name, overlay.subnet));
  }

  acts(): readonly Act[] {
    return [
      [4, "create", () => this.#create()],
      [4, "scale", () => this.#scale()],
      [4, "update", () => this.#setImage()],
      [1, "force", () => this.#change((name, before) => [before, api => operator.force(api, name)])],
      [1, "roll back", () => this.#rollBack()],
      [2, "remove", () => this.#change(name => [undefined, api => operator.remove(api, name)])],
      [2, "change node", () => this.#setAvailability()],
      [1, "read logs", () => this.#readLogs()],
    ];
  }

  /** Resolves when everything that was asked is answered, or never will be. */
  async end(): Promise<void> {
    await this.#swarm.settled(Promise.all(this.#requests));
  }

  #create(): unknown {
    const names = this.ledger.names();
    if (names.length >= mostServices) return false;
    this.#made += 1;
    const init = this.#dice.chance(0.25) ? this.#job() : this.#service(names);
    const completions = init.job === undefined || init.job === "global" ? undefined : init.job.total;
    const expected = { image: init.image, replicas: init.replicas ?? completions ?? -1 };
    const rollsBack = init.update?.onFailure === FailureAction.ROLLBACK;
    return this.#request(init.name, expected, api => operator.create(api, init), rollsBack);
  }

  #service(names: readonly string[]): ServiceInit {
    const dice = this.#dice;
    const { PAUSE, CONTINUE, ROLLBACK } = FailureAction;
    return {
      ...this.#shape(names),
      image: dice.pick(images),
      restart: dice.pick([RestartCondition.ANY, RestartCondition.ANY, RestartCondition.ON_FAILURE]),
      restartDelayMs: dice.pick([500, 2_000, 5_000]),
      stopGraceMs: dice.pick([1_000, 4_000, 10_000]),
      ...(dice.chance(0.3) && { secret: secretName }),
      ...(dice.chance(0.5) && { network: overlay.name }),
      ...(dice.chance(0.3) && { meshPort: 9_000 + this.#made }),
      update: {
        parallelism: dice.below(4),
        delayMs: dice.pick([0, 500, 2_000]),
        monitorMs: dice.pick([1_000, 3_000]),
        order: dice.pick([UpdateOrder.STOP_FIRST, UpdateOrder.START_FIRST]),
        onFailure: dice.pick([PAUSE, CONTINUE, ROLLBACK]),
      },
    };
  }

  #job(): ServiceInit {
    const dice = this.#dice;
    const job = { total: 1 + dice.below(mostCompletions), concurrent: 1 + dice.below(3) };
    return {
      name: `${jobPrefix}${this.#made}`,
      image: dice.pick(images),
      restart: dice.pick([RestartCondition.ON_FAILURE, RestartCondition.NONE]),
      restartDelayMs: dice.pick([500, 2_000]),
      stopGraceMs: dice.pick([1_000, 4_000]),
      job: dice.chance(0.3) ? "global" : job,
    };
  }

  #shape(names: readonly string[]): Pick<ServiceInit, "name" | "replicas" | "cpus" | "hostPort"> {
    const isRoomFor = ({ prefix, services }: { prefix: string; services: number }): boolean =>
      names.filter(name => name.startsWith(prefix)).length < services && this.#dice.chance(0.3);
    if (isRoomFor(greedy))
      return { name: `${greedy.prefix}${this.#made}`, replicas: greedy.replicas, cpus: greedy.cpus };
    if (isRoomFor(published))
      return { name: `${published.prefix}${this.#made}`, replicas: published.replicas, hostPort: published.port };
    if (this.#dice.chance(0.15)) return { name: `global${this.#made}` };
    return { name: `web${this.#made}`, replicas: this.#dice.below(mostReplicas + 1) };
  }

  #scale(): unknown {
    return this.#change((name, before) => {
      if (before.replicas < 0 || name.startsWith(jobPrefix)) return undefined;
      const most = name.startsWith("web")
        ? mostReplicas
        : name.startsWith(greedy.prefix)
          ? greedy.replicas
          : published.replicas;
      const replicas = this.#dice.below(most + 1);
      return [{ ...before, replicas }, api => operator.scale(api, name, replicas)];
    });
  }

  #setImage(): unknown {
    return this.#change((name, before) => {
      const image = this.#dice.pick(images);
      return [{ ...before, image }, api => operator.setImage(api, name, image)];
    });
  }

  #rollBack(): unknown {
    const names = this.ledger.settled();
    if (names.length === 0) return false;
    const name = this.#dice.pick(names);
    return this.#request(name, this.ledger.expected(name), api => operator.rollBack(api, name), true);
  }

  #change(
    plan: (name: string, before: NonNullable<Expected>) => [Expected, (api: Api) => Promise<void>] | undefined,
  ): unknown {
    const names = this.ledger.settled();
    if (names.length === 0) return false;
    const name = this.#dice.pick(names);
    const before = this.ledger.expected(name);
    const planned = before && plan(name, before);
    return planned ? this.#request(name, ...planned) : false;
  }

  #request(name: string, next: Expected, send: (api: Api) => Promise<void>, rollsBack?: boolean): void {
    this.#swarm.trace.note(`ask for ${name}: ${next ? `${next.replicas} of ${next.image}` : "removal"}`);
    this.ledger.begin(name, next, rollsBack);
    this.#track(
      this.#swarm.call(send).then(
        () => this.ledger.end(name, true, this.#swarm.clock.monotonic()),
        error => this.ledger.end(name, this.#outcomeOf(error, `change ${name}`), this.#swarm.clock.monotonic()),
      ),
    );
  }

  #setAvailability(): void {
    const { nodeId } = this.#dice.pick(this.#swarm.hosts).self;
    const { ACTIVE, PAUSE, DRAIN } = Availability;
    const availability = this.#dice.pick([ACTIVE, ACTIVE, PAUSE, DRAIN]);
    const sent = this.#swarm.call(api => operator.setAvailability(api, nodeId, availability));
    this.#track(sent.catch(error => this.#outcomeOf(error, "change a node")));
  }

  /** False: it was refused and nothing has changed; undefined: nobody knows. */
  #outcomeOf(error: unknown, what: string): false | undefined {
    const { code, message } = error instanceof Fault ? error : { code: undefined, message: String(error) };
    this.#swarm.trace.note(`cannot ${what}: ${message}`);
    if (message === "no manager serves") return false;
    if (code === "unavailable" || code === "data_loss" || message.includes("it is not known")) return undefined;
    // The disk was full; the swarm has written into the same object meanwhile; there is nothing to go back to.
    const isRefused =
      code === "resource_exhausted" ||
      message.endsWith("update out of sequence") ||
      message.endsWith("does not have a previous spec");
    if (!isRefused) this.#problem(`cannot ${what}: ${message}`);
    return isRefused ? false : undefined;
  }

  #readLogs(): unknown {
    const names = this.ledger.settled();
    if (names.length === 0 || !this.#swarm.isServed || !this.#swarm.managers.some(({ manager }) => manager))
      return false;
    const service = this.#swarm.service(this.#dice.pick(names));
    const { manager, process } = this.#swarm.anyManager();
    const gone = new AbortController();
    const timer = this.#swarm.clock.after(this.#dice.upTo(20_000), () => gone.abort());
    const selector = { serviceIds: [service.id] };
    const lines = manager.logs.subscribeLogs({ selector, options: { follow: true } }, { signal: gone.signal });
    this.#track(this.#read(lines, process.died, gone.signal).finally(() => timer.cancel()));
    return true;
  }

  async #read(
    lines: AsyncIterable<{ readonly messages: readonly unknown[] }>,
    died: Promise<void>,
    gone: AbortSignal,
  ): Promise<void> {
    const read = async (): Promise<void> => {
      for await (const { messages } of lines) this.#swarm.trace.note(`${messages.length} log lines`);
    };
    try {
      await Promise.race([read(), died]);
    } catch (error) {
      const fault = error instanceof Fault ? error : undefined;
      // With several managers the reader may be at one that knows nothing of the service yet.
      const isBehind = fault?.code === "not_found" && this.#swarm.managers.length > 1;
      if (fault?.code !== "unavailable" && !isBehind && !gone.aborted) this.#problem(`cannot read logs: ${error}`);
    }
  }

  #track(request: Promise<unknown>): void {
    const tracked = request.then(() => {
      this.#requests.delete(tracked);
    });
    this.#requests.add(tracked);
  }
}
