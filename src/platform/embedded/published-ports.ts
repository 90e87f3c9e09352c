import { Fault } from "../../lib/fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { Backends, Forwarder } from "./forwarder.ts";
import type { PlannedPort } from "./port-plan.ts";
import { forwardTcp } from "./tcp-forwarder.ts";
import { forwardUdp } from "./udp-forwarder.ts";

export interface PublishedPortsOptions {
  /** Where this node publishes; "" for every address. Asked anew for each port. */
  readonly address: () => string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A port in ingress mode on this node: one listener for all local tasks of the service. */
interface SharedPort {
  /** Local port by task id, in the order they came. */
  readonly tasks: Map<string, number>;
  turn: number;
  forwarder: Promise<Forwarder | undefined>;
}

/**
 * Publishes tasks' ports on this node's address. Ports in host mode belong to one task. Ports in ingress mode are shared
 * by the service's tasks on this node, in turn: a small stand-in for the routing mesh, which needs containers' own
 * network (a node without a task of the service does not answer).
 */
export class PublishedPorts {
  readonly #options: PublishedPortsOptions;
  readonly #own = new Map<string, Forwarder[]>();
  readonly #shared = new Map<string, SharedPort>();

  constructor(options: PublishedPortsOptions) {
    this.#options = options;
  }

  /**
   * Publishes what a task that is about to run (or was found running) has; returns the published number of each of its
   * ports in host mode, in their order. Faults failed_precondition, with Docker's text, when one is taken, and then
   * none is published.
   */
  async publish(taskId: string, ports: readonly PlannedPort[]): Promise<number[]> {
    this.release(taskId);
    const own: Forwarder[] = [];
    this.#own.set(taskId, own);
    try {
      for (const port of ports)
        if (port.mode === "host") own.push(await this.#listen(port, port.publishedPort, () => [port.localPort]));
    } catch (error) {
      this.release(taskId);
      throw error;
    }
    for (const port of ports) if (port.mode === "ingress") this.#share(taskId, port);
    return own.map(forwarder => forwarder.port);
  }

  /** Ends what was published for a task. */
  release(taskId: string): void {
    for (const forwarder of this.#own.get(taskId) ?? []) forwarder.close();
    this.#own.delete(taskId);
    for (const [key, shared] of this.#shared) {
      if (!shared.tasks.delete(taskId) || shared.tasks.size > 0) continue;
      this.#shared.delete(key);
      void shared.forwarder.then(forwarder => forwarder?.close());
    }
  }

  close(): void {
    for (const taskId of new Set([...this.#own.keys(), ...this.#sharing()])) this.release(taskId);
  }

  #sharing(): string[] {
    return [...this.#shared.values()].flatMap(shared => [...shared.tasks.keys()]);
  }

  #share(taskId: string, port: PlannedPort): void {
    if (port.publishedPort === 0) return;
    const key = `${port.protocol}/${port.publishedPort}`;
    const shared = this.#shared.get(key) ?? this.#openShared(key, port);
    shared.tasks.set(taskId, port.localPort);
  }

  #openShared(key: string, port: PlannedPort): SharedPort {
    const tasks = new Map<string, number>();
    const shared: SharedPort = { tasks, turn: 0, forwarder: Promise.resolve(undefined) };
    const backends: Backends = () => {
      const ports = [...tasks.values()];
      const first = shared.turn++ % Math.max(1, ports.length);
      return [...ports.slice(first), ...ports.slice(0, first)];
    };
    shared.forwarder = this.#listen(port, port.publishedPort, backends).catch((error: unknown) => {
      this.#options.log.warn("cannot serve an ingress port on this node", { port: key, error: String(error) });
      if (this.#shared.get(key) === shared) this.#shared.delete(key);
      return undefined;
    });
    this.#shared.set(key, shared);
    return shared;
  }

  async #listen(port: PlannedPort, published: number, backends: Backends): Promise<Forwarder> {
    const address = this.#options.address() || "0.0.0.0";
    try {
      return port.protocol === "tcp"
        ? await forwardTcp(address, published, backends)
        : await forwardUdp(address, published, backends, this.#options.clock);
    } catch (error) {
      throw new Fault("failed_precondition", publishFailure(address, published, port.protocol, error), {
        cause: error,
      });
    }
  }
}

function publishFailure(address: string, port: number, protocol: string, error: unknown): string {
  const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  const reason = taken ? "port is already allocated" : String(error instanceof Error ? error.message : error);
  return `driver failed programming external connectivity: Bind for ${address}:${port}/${protocol} failed: ${reason}`;
}
