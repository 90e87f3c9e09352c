import type { Service } from "../../model/objects.ts";
import {
  type PortConfig,
  PortConfig_Protocol as Protocol,
  PortConfig_PublishMode as PublishMode,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Where numbers come from when a spec leaves the published port open. SwarmKit's range. */
export const firstDynamicPort = 30_000;
export const lastDynamicPort = 32_767;

/** Why a service's ports cannot be published now. */
export interface PortProblem {
  readonly text: string;
}

/** Ingress ports are the swarm's: each number, per protocol, belongs to one service. */
export class IngressPorts {
  readonly #holders = new Map<string, Service>();

  constructor(others: Iterable<Service>) {
    for (const service of others)
      for (const port of service.endpoint?.ports ?? []) if (isIngress(port)) this.#holders.set(keyOf(port), service);
  }

  /**
   * The service's ports with all numbers filled in, or what is in the way. Ports left open keep the number they had.
   * Host-mode ports are not the swarm's to give: the scheduler and the nodes see to them.
   */
  allocate(service: Service): PortConfig[] | PortProblem {
    const wanted = service.spec.endpoint?.ports ?? [];
    const taken = new Set(wanted.filter(port => isIngress(port) && port.publishedPort !== 0).map(keyOf));
    const ports: PortConfig[] = [];
    for (const port of wanted) {
      const given = isIngress(port) ? this.#give(port, service, taken) : port;
      if ("text" in given) return given;
      ports.push(given);
    }
    return ports;
  }

  #give(port: PortConfig, service: Service, taken: Set<string>): PortConfig | PortProblem {
    if (port.publishedPort === 0) return this.#giveOpen(port, service, taken);
    const holder = this.#holders.get(keyOf(port));
    if (!holder) return port;
    const { name } = holder.spec.annotations;
    return {
      text: `port '${port.publishedPort}' is already in use by service '${name}' (${holder.id}) as an ingress port`,
    };
  }

  #giveOpen(port: PortConfig, service: Service, taken: Set<string>): PortConfig | PortProblem {
    const former = service.endpoint?.ports.find(
      had => isIngress(had) && sameButNumber(had, port) && isDynamic(had) && !taken.has(keyOf(had)),
    );
    const candidates = former ? [former.publishedPort, ...dynamicPorts()] : dynamicPorts();
    for (const publishedPort of candidates) {
      const candidate = { ...port, publishedPort };
      const key = keyOf(candidate);
      if (taken.has(key) || this.#holders.has(key)) continue;
      taken.add(key);
      return candidate;
    }
    return { text: `no port between ${firstDynamicPort} and ${lastDynamicPort} is free` };
  }
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
