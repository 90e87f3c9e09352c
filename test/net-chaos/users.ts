import type { Dice } from "../../src/sim/dice.ts";

export const networkNames = ["one", "two", "three"];
/** More would take a small machine too long each time. */
const serviceLimit = 4;
const replicaLimit = 3;
const program = ["busybox", "sh", "-c", "trap 'exit 0' TERM; sleep 1000000 & wait"];

interface ServiceModel {
  networks: Set<string>;
  mode: "vip" | "dnsrr";
  port: number | undefined;
}

/** Users of a swarm who change its services at random, as the docker CLI lets them. */
export class Users {
  readonly #dice: Dice;
  readonly #services = new Map<string, ServiceModel>();
  #made = 0;
  #updates = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  get services(): string[] {
    return [...this.#services.keys()];
  }

  /** The next change; its effect on the services is taken for granted. */
  next(): string[] {
    const dice = this.#dice;
    if (this.#services.size < 2 || (this.#services.size < serviceLimit && dice.chance(0.15))) return this.#create();
    if (dice.chance(0.1)) return this.#remove();
    const [name, service] = dice.pick([...this.#services]);
    return dice
      .pick([this.#scale, this.#scale, this.#update, this.#attach, this.#attach, this.#resolve, this.#publish])
      .call(this, name, service);
  }

  #create(): string[] {
    const name = `s${this.#made++}`;
    const networks = new Set([this.#dice.pick(networkNames), this.#dice.pick(networkNames)]);
    const service: ServiceModel = { networks, mode: this.#dice.pick(["vip", "vip", "dnsrr"]), port: undefined };
    if (service.mode === "vip" && this.#dice.chance(0.5)) service.port = 8_000 + this.#made;
    this.#services.set(name, service);
    const order = this.#dice.pick(["start-first", "stop-first"]);
    return [
      ...["service", "create", "--detach", "--name", name, "--replicas", String(this.#dice.below(replicaLimit + 1))],
      ...[
        "--endpoint-mode",
        service.mode,
        "--update-order",
        order,
        "--update-parallelism",
        "0",
        "--restart-delay",
        "0s",
      ],
      ...["--label", `shoal.drain-seconds=${this.#dice.pick([0, 0, 1])}`],
      ...[...networks].flatMap(network => ["--network", network]),
      ...(service.port === undefined ? [] : ["--publish", `${service.port}:80`]),
      ...program,
    ];
  }

  #remove(): string[] {
    const name = this.#dice.pick(this.services);
    this.#services.delete(name);
    return ["service", "rm", name];
  }

  #scale(name: string): string[] {
    return ["service", "scale", "--detach", `${name}=${this.#dice.below(replicaLimit + 1)}`];
  }

  #update(name: string): string[] {
    this.#updates += 1;
    return update(name, "--env-add", `UPDATE=${this.#updates}`);
  }

  /** Attaches it to a network or detaches it from one. */
  #attach(name: string, { networks }: ServiceModel): string[] {
    const network = this.#dice.pick(networkNames);
    if (!networks.has(network)) {
      networks.add(network);
      return update(name, "--network-add", network);
    }
    if (networks.size === 1) return this.#update(name);
    networks.delete(network);
    return update(name, "--network-rm", network);
  }

  #resolve(name: string, service: ServiceModel): string[] {
    if (service.port !== undefined) return this.#publish(name, service);
    service.mode = service.mode === "vip" ? "dnsrr" : "vip";
    return update(name, "--endpoint-mode", service.mode);
  }

  #publish(name: string, service: ServiceModel): string[] {
    if (service.mode === "dnsrr") return this.#update(name);
    const { port } = service;
    service.port = port === undefined ? 9_000 + this.#updates++ : undefined;
    return service.port === undefined
      ? update(name, "--publish-rm", "80")
      : update(name, "--publish-add", `${service.port}:80`);
  }
}

function update(name: string, ...flags: string[]): string[] {
  return ["service", "update", "--detach", ...flags, name];
}
