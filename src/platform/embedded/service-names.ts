import { readFileSync } from "node:fs";
import { asFault } from "../../lib/fault.ts";
import { Resolver } from "../../network/dns/resolver.ts";
import type { Plane } from "../../network/plane-state.ts";
import type { Logger } from "../../ports/log.ts";
import { NameListener } from "../net/name-listener.ts";
import { namePort, Upstream } from "../net/upstream.ts";
import type { MeshNode } from "./mesh-plan.ts";
import type { NamedPorts } from "./mesh-ports.ts";
import { type NamesPlan, planNames, taskKey, userKey } from "./names-plan.ts";
import { OwnAddresses } from "./own-addresses.ts";

export interface ServiceNamesOptions {
  readonly nodeId: string;
  readonly log: Logger;
  /** The lowest port that this daemon may listen on. */
  readonly lowestPort: number;
}

/** Where questions are answered by a daemon that may not have port 53. */
const highNamePort = 5_300;

/** The lowest port that this process may listen on. */
export function lowestPort(): number {
  if (process.getuid?.() === 0) return 1;
  try {
    return Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"));
  } catch {
    return 1_024;
  }
}

/** Names of services and tasks, answered on addresses of this machine's own. */
export class ServiceNames {
  /** Where questions are answered. */
  readonly port: number;
  readonly #options: ServiceNamesOptions;
  readonly #addresses: OwnAddresses;
  readonly #resolver: Resolver;
  readonly #listeners = new Map<string, Promise<NameListener | undefined>>();
  #newest: NamesPlan | undefined;
  /** Tasks of this node's: they are told their address before the managers tell this node of them. */
  readonly #held = new Set<string>();

  constructor(options: ServiceNamesOptions) {
    this.#options = options;
    this.port = options.lowestPort <= namePort ? namePort : highNamePort;
    this.#addresses = new OwnAddresses(options.nodeId);
    this.#resolver = new Resolver(new Upstream(address => this.#addresses.has(address)));
  }

  /** Where the machine's user may ask, as ADDRESS:PORT. */
  get door(): string {
    return `${this.#addresses.of(userKey)}:${this.port}`;
  }

  /** The address of a task of this node's until it is let go; `known` is what it was told by an earlier daemon. */
  hold(taskId: string, known?: string): string {
    const key = taskKey(taskId);
    this.#held.add(key);
    return known === undefined ? this.#addresses.of(key) : this.#addresses.take(key, known);
  }

  letGo(taskId: string): void {
    this.#held.delete(taskKey(taskId));
  }

  /** The ports to be served for what the managers say now; names mean that once they are. */
  follow(plane: Plane, self: MeshNode, leaving: ReadonlySet<string>): NamedPorts {
    const { lowestPort } = this.#options;
    const plan = planNames(plane, { ...self, lowestPort }, leaving, key => this.#addresses.of(key));
    this.#addresses.keepOnly(key => plan.keys.has(key) || this.#held.has(key));
    this.#newest = plan;
    const wanted = new Set(plan.resolvers);
    for (const address of [...this.#listeners.keys()]) if (!wanted.has(address)) this.#end(address);
    for (const address of wanted) if (!this.#listeners.has(address)) this.#answerOn(address);
    const served = (): void => {
      if (this.#newest === plan) this.#resolver.replace(plan.plane, leaving);
    };
    return { ports: plan.ports, served };
  }

  async close(): Promise<void> {
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    for (const listener of listeners) await (await listener)?.close();
  }

  /** Who asks at an address is whose address it is. */
  #answerOn(address: string): void {
    const opened = NameListener.open(
      address,
      (query, _from, overTcp) => this.#resolver.handler(query, address, overTcp),
      this.port,
    ).catch((error: unknown) => {
      this.#options.log.warn("cannot answer names", { address, port: this.port, reason: asFault(error).message });
      // The next change of the swarm's is another chance.
      this.#listeners.delete(address);
      return undefined;
    });
    this.#listeners.set(address, opened);
  }

  #end(address: string): void {
    const listener = this.#listeners.get(address);
    this.#listeners.delete(address);
    void listener?.then(opened => opened?.close());
  }
}
