import { isWanted, type Task } from "../../model/task.ts";
import {
  type PortConfig,
  PortConfig_Protocol as Protocol,
  PortConfig_PublishMode as PublishMode,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { GenericClaims } from "./generic-resources.ts";

/** What the tasks on one node add up to. */
export class Usage {
  #tasks = 0;
  #nanoCpus = 0n;
  #memoryBytes = 0n;
  #services = new Map<string, number>();
  #hostPorts = new Map<string, number>();
  #generic = new GenericClaims();

  /** Wanted tasks: those that are being stopped do not count for balance, though they still hold what they reserved. */
  get tasks(): number {
    return this.#tasks;
  }

  get nanoCpus(): bigint {
    return this.#nanoCpus;
  }

  get memoryBytes(): bigint {
    return this.#memoryBytes;
  }

  get generic(): Pick<GenericClaims, "claim"> {
    return this.#generic;
  }

  /** Wanted tasks of the service. */
  ofService(id: string): number {
    return this.#services.get(id) ?? 0;
  }

  holdsHostPort(key: string): boolean {
    return this.#hostPorts.has(key);
  }

  clone(): Usage {
    const copy = new Usage();
    copy.#tasks = this.#tasks;
    copy.#nanoCpus = this.#nanoCpus;
    copy.#memoryBytes = this.#memoryBytes;
    copy.#services = new Map(this.#services);
    copy.#hostPorts = new Map(this.#hostPorts);
    copy.#generic = this.#generic.clone();
    return copy;
  }

  add(task: Task): void {
    this.#count(task, 1);
    this.#generic.add(task.assignedGenericResources);
  }

  remove(task: Task): void {
    this.#count(task, -1);
    this.#generic.remove(task.assignedGenericResources);
  }

  #count(task: Task, sign: 1 | -1): void {
    const reserved = task.spec.resources?.reservations;
    this.#nanoCpus += BigInt(sign) * (reserved?.nanoCpus ?? 0n);
    this.#memoryBytes += BigInt(sign) * (reserved?.memoryBytes ?? 0n);
    for (const key of hostPortsOf(task)) change(this.#hostPorts, key, sign);
    if (!isWanted(task)) return;
    this.#tasks += sign;
    change(this.#services, task.serviceId, sign);
  }
}

function change(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

/** Ports that the task publishes on its own node, like `TCP/80`. */
export function hostPortsOf({ endpoint }: Task): string[] {
  const ports = endpoint?.ports.length ? endpoint.ports : (endpoint?.spec?.ports ?? []);
  return ports.filter(isFixedHostPort).map(port => `${Protocol[port.protocol]}/${port.publishedPort}`);
}

function isFixedHostPort(port: PortConfig): boolean {
  return port.publishMode === PublishMode.HOST && port.publishedPort !== 0;
}
