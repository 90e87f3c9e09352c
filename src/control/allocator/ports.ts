import type { Service } from "../../model/objects.ts";
import { sidesOf } from "../../store/sides.ts";
import type { StoreEvent } from "../../store/tx.ts";
import {
  type PortConfig,
  PortConfig_Protocol as Protocol,
  PortConfig_PublishMode as PublishMode,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { isProblem, type Problem, until } from "./problem.ts";
import type { UndoLog } from "./undo-log.ts";

/** Where numbers come from when a spec leaves the published port open. SwarmKit's range. */
export const firstDynamicPort = 30_000;
export const lastDynamicPort = 32_767;

/** Ingress ports are the swarm's: each number, per protocol, belongs to one service. Kept up to date from events. */
export class PortBook {
  /** Services that hold each port: more than one only if the state is wrong. */
  readonly #holders = new Map<string, Map<string, Service>>();

  rebuild(services: Iterable<Service>): void {
    this.#holders.clear();
    for (const service of services) this.#hold(service);
  }

  /** Takes in what has changed. Whether a port may have become free. */
  apply(event: StoreEvent): boolean {
    if (event.kind !== "service") return false;
    const { before, after } = sidesOf(event);
    if (before) this.#release(before);
    if (after) this.#hold(after);
    return before?.endpoint !== after?.endpoint && (before?.endpoint?.ports.length ?? 0) > 0;
  }

  /**
   * The service's ports with all numbers filled in, or what is in the way. Ports left open keep the number they had.
   * Host-mode ports are not the swarm's to give: the scheduler and the nodes see to them.
   */
  allocate(service: Service): PortConfig[] | Problem {
    const wanted = service.spec.endpoint?.ports ?? [];
    const taken = new Set(wanted.filter(port => isIngress(port) && port.publishedPort !== 0).map(keyOf));
    const ports: PortConfig[] = [];
    for (const port of wanted) {
      const given = isIngress(port) ? this.#give(port, service, taken) : port;
      if (isProblem(given)) return given;
      ports.push(given);
    }
    return ports;
  }

  /** Counts the service's ports as held until `undo`. */
  suppose(service: Service, undo: UndoLog): void {
    this.#hold(service);
    undo.add(() => this.#release(service));
  }

  #give(port: PortConfig, service: Service, taken: Set<string>): PortConfig | Problem {
    if (port.publishedPort === 0) return this.#giveOpen(port, service, taken);
    const holder = this.#otherHolder(keyOf(port), service);
    if (!holder) return port;
    const { name } = holder.spec.annotations;
    const text = `port '${port.publishedPort}' is already in use by service '${name}' (${holder.id}) as an ingress port`;
    return { lacks: "a published port", text, until: until.ports };
  }

  #giveOpen(port: PortConfig, service: Service, taken: Set<string>): PortConfig | Problem {
    const former = service.endpoint?.ports.find(
      had => isIngress(had) && sameButNumber(had, port) && isDynamic(had) && !taken.has(keyOf(had)),
    );
    const candidates = former ? [former.publishedPort, ...dynamicPorts()] : dynamicPorts();
    for (const publishedPort of candidates) {
      const candidate = { ...port, publishedPort };
      const key = keyOf(candidate);
      if (taken.has(key) || this.#otherHolder(key, service)) continue;
      taken.add(key);
      return candidate;
    }
    const text = `no port between ${firstDynamicPort} and ${lastDynamicPort} is free`;
    return { lacks: "a published port", text, until: until.ports };
  }

  #otherHolder(key: string, service: Service): Service | undefined {
    for (const holder of this.#holders.get(key)?.values() ?? []) if (holder.id !== service.id) return holder;
    return undefined;
  }

  #hold(service: Service): void {
    for (const key of keysOf(service)) {
      const holders = this.#holders.get(key);
      if (holders) holders.set(service.id, service);
      else this.#holders.set(key, new Map([[service.id, service]]));
    }
  }

  #release(service: Service): void {
    for (const key of keysOf(service)) {
      const holders = this.#holders.get(key);
      holders?.delete(service.id);
      if (holders?.size === 0) this.#holders.delete(key);
    }
  }
}

function keysOf({ endpoint }: Service): string[] {
  return (endpoint?.ports ?? []).filter(isIngress).map(keyOf);
}

function* dynamicPorts(): Iterable<number> {
  for (let port = firstDynamicPort; port <= lastDynamicPort; port++) yield port;
}

export function isIngress(port: PortConfig): boolean {
  return port.publishMode === PublishMode.INGRESS;
}

function isDynamic({ publishedPort }: PortConfig): boolean {
  return publishedPort >= firstDynamicPort && publishedPort <= lastDynamicPort;
}

function keyOf({ protocol, publishedPort }: PortConfig): string {
  return `${Protocol[protocol]}/${publishedPort}`;
}

function sameButNumber(a: PortConfig, b: PortConfig): boolean {
  return a.name === b.name && a.protocol === b.protocol && a.targetPort === b.targetPort;
}
