import { isWanted, type Task } from "../../model/task.ts";
import {
  type PortConfig,
  PortConfig_Protocol as Protocol,
  PortConfig_PublishMode as PublishMode,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { GenericClaims } from "./generic-resources.ts";

/** What the tasks on one node add up to. There is one for each node: what few tasks ask for is made when one does. */
export class Usage {
  #tasks = 0;
  /** Tasks that are counted at all, the unwanted ones too. */
  #counted = 0;
  #nanoCpus = 0n;
  #memoryBytes = 0n;
  readonly #services = new Map<string, number>();
  #hostPorts: Map<string, number> | undefined;
  #generic: GenericClaims | undefined;

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
    return this.#generic ?? noClaims;
  }

  get isEmpty(): boolean {
    return this.#counted === 0;
  }

  /** Wanted tasks of the service. */
  ofService(id: string): number {
    return this.#services.get(id) ?? 0;
  }

  /** Ids of the services that have wanted tasks here. */
  services(): Iterable<string> {
    return this.#services.keys();
  }

  holdsHostPort(key: string): boolean {
    return this.#hostPorts?.has(key) ?? false;
  }

  /** Adds the task, or with -1 takes it away again. */
  count(task: Task, sign: 1 | -1): void {
    this.#counted += sign;
    const reserved = task.spec.resources?.reservations;
    if (reserved?.nanoCpus) this.#nanoCpus += sign === 1 ? reserved.nanoCpus : -reserved.nanoCpus;
    if (reserved?.memoryBytes) this.#memoryBytes += sign === 1 ? reserved.memoryBytes : -reserved.memoryBytes;
    const ports = hostPortsOf(task);
    if (ports.length > 0) {
      this.#hostPorts ??= new Map();
      for (const key of ports) change(this.#hostPorts, key, sign);
    }
    if (task.assignedGenericResources.length > 0) {
      this.#generic ??= new GenericClaims();
      this.#generic.count(task.assignedGenericResources, sign);
    }
    if (!isWanted(task)) return;
    this.#tasks += sign;
    change(this.#services, task.serviceId, sign);
  }
}

const noClaims = new GenericClaims();

function change(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

const noPorts: readonly string[] = [];

/** Ports that the task publishes on its own node, like `TCP/80`. */
export function hostPortsOf({ endpoint }: Task): readonly string[] {
  const ports = endpoint?.ports.length ? endpoint.ports : endpoint?.spec?.ports;
  if (!ports || ports.length === 0) return noPorts;
  return ports.filter(isFixedHostPort).map(port => `${Protocol[port.protocol]}/${port.publishedPort}`);
}

function isFixedHostPort(port: PortConfig): boolean {
  return port.publishMode === PublishMode.HOST && port.publishedPort !== 0;
}
