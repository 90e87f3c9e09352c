import type { Plane } from "../../network/plane-state.ts";
import type { Clock, Timer } from "../../ports/clock.ts";
import type { Logger } from "../../ports/log.ts";
import type { Backend, Forwarder } from "./forwarder.ts";
import { forward, type Place } from "./listening.ts";
import { type MeshNode, type MeshPort, meshPlan } from "./mesh-plan.ts";

export interface MeshPortsOptions {
  readonly nodeId: string;
  /** Where this node publishes; "" for every address. */
  readonly address: () => string;
  /** More ports to serve, for names; asked whenever something has changed. */
  readonly named: (plane: Plane, self: MeshNode, leaving: ReadonlySet<string>) => NamedPorts;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Ports at addresses that are found by name. */
export interface NamedPorts {
  readonly ports: readonly MeshPort[];
  /** Called once they are listened on: from then on names may lead there. */
  readonly served: () => void;
}

/** Milliseconds before a port that something else has is tried again. */
const retryMs = 5_000;

/** A port that is served, or was to be. */
interface Served {
  backends: readonly Backend[];
  turn: number;
  /** Undefined in the end when it could not be had. */
  readonly forwarder: Promise<Forwarder | undefined>;
}

/**
 * This node's part of the routing mesh: every port that services publish, forwarded to their ready tasks in turn, on
 * whichever nodes they run. It follows the managers' feed; while there is none it goes on with what was said last.
 */
export class MeshPorts {
  readonly #options: MeshPortsOptions;
  readonly #served = new Map<string, Served>();
  readonly #leaving = new Set<string>();
  #plane: Plane | undefined;
  #retry: Timer | undefined;

  constructor(options: MeshPortsOptions) {
    this.#options = options;
  }

  /** Takes up what the managers say now. */
  follow(plane: Plane): void {
    this.#plane = plane;
    for (const taskId of this.#leaving) if (!plane.endpoints.has(taskId)) this.#leaving.delete(taskId);
    this.#bringInLine(plane);
  }

  /** No new connection from this node goes to the task any more: it is about to be stopped. */
  leave(taskId: string): void {
    if (!this.#plane?.endpoints.has(taskId)) return;
    this.#leaving.add(taskId);
    this.#bringInLine(this.#plane);
  }

  /** Ends listening and every connection. */
  close(): void {
    this.#plane = undefined;
    this.#retry?.cancel();
    for (const key of [...this.#served.keys()]) this.#end(key);
  }

  #bringInLine(plane: Plane): void {
    const { nodeId, address } = this.#options;
    const wanted = new Map<string, MeshPort>();
    const self = { nodeId, address: address() };
    const named = this.#options.named(plane, self, this.#leaving);
    for (const port of [...named.ports, ...meshPlan(plane, self, this.#leaving)]) wanted.set(keyOf(port), port);
    for (const key of [...this.#served.keys()]) if (!wanted.has(key)) this.#end(key);
    for (const [key, { place, backends }] of wanted) {
      const served = this.#served.get(key);
      if (served) served.backends = backends;
      else this.#serve(key, place, backends);
    }
    void Promise.all(Array.from(this.#served.values(), ({ forwarder }) => forwarder)).then(named.served);
  }

  #serve(key: string, place: Place, backends: readonly Backend[]): void {
    const { clock, log } = this.#options;
    const inTurn = (): readonly Backend[] => {
      const { backends, turn } = served;
      const first = turn % Math.max(1, backends.length);
      served.turn++;
      return [...backends.slice(first), ...backends.slice(0, first)];
    };
    const forwarder = forward(place, inTurn, clock).catch((error: Error) => {
      log.warn("cannot serve a published port on this node", { reason: error.message });
      if (this.#served.get(key) === served) this.#served.delete(key);
      this.#retry ??= clock.after(retryMs, () => {
        this.#retry = undefined;
        if (this.#plane) this.#bringInLine(this.#plane);
      });
      return undefined;
    });
    const served: Served = { backends, turn: 0, forwarder };
    this.#served.set(key, served);
  }

  #end(key: string): void {
    const served = this.#served.get(key);
    this.#served.delete(key);
    void served?.forwarder.then(forwarder => forwarder?.close());
  }
}

function keyOf({ place: { protocol, address, port } }: MeshPort): string {
  return `${protocol} ${address} ${port}`;
}
