import type { Service } from "../model/objects.ts";
import { isLive } from "../model/task.ts";
import type { StoreEvent } from "../store/tx.ts";
import { type UpdateConfig, UpdateConfig_UpdateOrder as UpdateOrder } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

interface Count {
  service: Service | undefined;
  /** Tasks that are to run and have not ended, by id: their slots. */
  readonly wanted: Map<string, bigint>;
  /** As many as may be wanted: more than the spec says only until what was begun with an earlier one is taken back. */
  allowed: number;
}

/**
 * Watches that never more tasks of a service are wanted at once than its replicas and, with start-first, as many as it
 * updates at a time; of a job no more than run at a time. Looks at the state after each whole transaction. What was there
 * before the first event, or changed between two that do not follow each other, counts when something becomes of it.
 */
export class WantedBound {
  readonly #counts = new Map<string, Count>();
  readonly #touched = new Set<string>();
  readonly #broken: (problem: string) => void;
  #version = 0n;

  constructor(broken: (problem: string) => void) {
    this.#broken = broken;
  }

  see(event: StoreEvent): void {
    if (event.version !== this.#version) this.#look();
    // A snapshot may have taken the place of what is missing.
    if (event.version > this.#version + 1n) this.#counts.clear();
    this.#version = event.version;
    if (event.kind === "service") {
      const count = this.#countOf(event.object.id);
      // A manager that begins with a snapshot hears of tasks before it hears of their service: those may all be there.
      if (event.action === "update" && !count.service) count.allowed = Math.max(count.allowed, count.wanted.size);
      count.service = event.action === "remove" ? undefined : event.object;
    }
    if (event.kind !== "task") return;
    const { wanted } = this.#countOf(event.object.serviceId);
    if (event.action !== "remove" && isLive(event.object)) wanted.set(event.object.id, event.object.slot);
    else wanted.delete(event.object.id);
  }

  #countOf(serviceId: string): Count {
    const count = this.#counts.get(serviceId) ?? { service: undefined, wanted: new Map(), allowed: 0 };
    this.#counts.set(serviceId, count);
    this.#touched.add(serviceId);
    return count;
  }

  #look(): void {
    for (const id of this.#touched) {
      const count = this.#countOf(id);
      const bound = count.service && boundOf(count.service);
      if (bound === undefined) continue;
      const wanted = count.wanted.size;
      if (wanted > Math.max(count.allowed, bound)) {
        const name = count.service?.spec.annotations.name;
        const tasks = Array.from(count.wanted, ([task, slot]) => `${slot} ${task}`).join(", ");
        this.#broken(`${name} has ${wanted} wanted tasks at ${this.#version}, and may have ${bound}: ${tasks}`);
      }
      count.allowed = Math.max(wanted, bound);
    }
    this.#touched.clear();
  }
}

/** Undefined for a global service: its bound are the nodes. */
function boundOf({ spec: { mode, update, rollback } }: Service): number | undefined {
  switch (mode.case) {
    case "replicated": {
      const replicas = Number(mode.value.replicas);
      return replicas + Math.max(extra(update, replicas), extra(rollback, replicas));
    }
    case "replicatedJob":
      return Number(mode.value.maxConcurrent);
    default:
      return undefined;
  }
}

function extra(config: UpdateConfig | undefined, replicas: number): number {
  if (config?.order !== UpdateOrder.START_FIRST) return 0;
  return Number(config.parallelism) || replicas;
}
