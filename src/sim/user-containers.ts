import { Bell, onAbort } from "../lib/bell.ts";
import { Fault } from "../lib/fault.ts";
import type { UserContainer, UserContainers, UserEndpoint, WantedEndpoint } from "../ports/user-containers.ts";

interface SimContainer {
  readonly id: string;
  readonly name: string;
  isUp: boolean;
  readonly removesItself: boolean;
  readonly nameServers: readonly string[];
  readonly endpoints: Map<string, UserEndpoint>;
}

/** An engine's containers and networks without an engine. */
export class SimUserContainers implements UserContainers {
  readonly networks = new Set<string>();
  /** What was done to containers' places, in order. */
  readonly done: string[] = [];
  /** Thrown by the next call that changes a place. */
  failure: Fault | undefined;
  readonly #containers = new Map<string, SimContainer>();
  readonly #bells = new Set<Bell>();

  /** `networks`: what it was made on, whether they are there or not. */
  create(
    id: string,
    name: string,
    networks: Readonly<Record<string, Partial<WantedEndpoint>>>,
    removesItself = false,
    nameServers: readonly string[] = [],
  ): void {
    const endpoints = Object.entries(networks).map(([network, wanted]) => [network, idle(wanted)] as const);
    this.#containers.set(id, { id, name, isUp: false, removesItself, nameServers, endpoints: new Map(endpoints) });
    this.#ring();
  }

  /** As an engine starts it: Fault not_found while it is to be on a network that is not there. */
  start(id: string): void {
    const container = this.#get(id);
    for (const [network, endpoint] of container.endpoints) {
      if (!this.networks.has(network)) throw new Fault("not_found", `network ${network} not found`);
      container.endpoints.set(network, { ...endpoint, addresses: endpoint.fixed });
    }
    container.isUp = true;
    this.#ring();
  }

  stop(id: string): void {
    const container = this.#get(id);
    container.isUp = false;
    for (const [network, endpoint] of container.endpoints)
      container.endpoints.set(network, { ...endpoint, addresses: [] });
    this.#ring();
  }

  async remove(id: string): Promise<void> {
    this.#containers.delete(id);
    this.#ring();
  }

  async on(prefix: string): Promise<UserContainer[]> {
    const isThere = ({ endpoints }: SimContainer): boolean =>
      [...endpoints.keys()].some(name => name.startsWith(prefix));
    return [...this.#containers.values()].filter(isThere).map(copyOf);
  }

  async find(reference: string): Promise<UserContainer | undefined> {
    const all = [...this.#containers.values()];
    const found = all.find(({ name }) => name === reference) ?? all.find(({ id }) => id.startsWith(reference));
    return found && copyOf(found);
  }

  async hasNetwork(reference: string): Promise<boolean> {
    return this.networks.has(reference);
  }

  async connect(containerId: string, network: string, wanted: WantedEndpoint): Promise<void> {
    this.#attempt(`connect ${containerId} ${network} ${wanted.fixed.join(" ")}`);
    if (!this.networks.has(network)) throw new Fault("not_found", `network ${network} not found`);
    const container = this.#get(containerId);
    const endpoint = idle(wanted);
    container.endpoints.set(network, container.isUp ? { ...endpoint, addresses: wanted.fixed } : endpoint);
    this.#ring();
  }

  async disconnect(containerId: string, network: string): Promise<void> {
    this.#attempt(`disconnect ${containerId} ${network}`);
    this.#containers.get(containerId)?.endpoints.delete(network);
    this.#ring();
  }

  async *changes(signal: AbortSignal): AsyncGenerator<void, void> {
    const bell = new Bell();
    this.#bells.add(bell);
    const unhook = onAbort(signal, () => bell.ring());
    try {
      for (; !signal.aborted; await bell.wait()) yield;
    } finally {
      unhook();
      this.#bells.delete(bell);
    }
  }

  #attempt(what: string): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure;
    this.done.push(what);
  }

  #get(id: string): SimContainer {
    const container = this.#containers.get(id);
    if (!container) throw new Fault("not_found", `No such container: ${id}`);
    return container;
  }

  #ring(): void {
    for (const bell of this.#bells) bell.ring();
  }
}

function idle({ fixed = [], aliases = [], options = {} }: Partial<WantedEndpoint>): UserEndpoint {
  return { fixed, aliases, options, addresses: [] };
}

function copyOf({ endpoints, ...container }: SimContainer): UserContainer {
  return { ...container, endpoints: new Map(endpoints) };
}
