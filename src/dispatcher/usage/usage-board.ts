import { slotAt, UsageHistory, type UsageSample, type UsageSeries } from "../../model/usage-history.ts";
import type { StoreEvent } from "../../store/tx.ts";

/** Tasks whose last hour is kept: 58 MB. Those beyond are not measured. */
export const maxMeasuredTasks = 20_000;

/** Whose usage: a service's or a node's. */
export type UsageOwner = `service ${string}` | `node ${string}`;

/** A task and where it belongs. */
export interface MeasuredTask {
  readonly id: string;
  readonly serviceId: string;
  readonly nodeId: string;
}

interface Entry {
  readonly owners: readonly UsageOwner[];
  readonly history: UsageHistory;
}

/**
 * What tasks have used over the last hour, and services and nodes in sum. In the leader's memory; a task's is freed when
 * the task is gone, its part of the sums stays.
 */
export class UsageBoard {
  readonly #tasks = new Map<string, Entry>();
  readonly #sums = new Map<UsageOwner, UsageHistory>();

  /** Takes in a task's newest samples, the last of them of now. */
  take(task: MeasuredTask, { cpus, memoryBytes }: UsageSeries, nowMs: number): void {
    const entry = this.#entry(task);
    if (!entry) return;
    const last = slotAt(nowMs);
    const first = last - cpus.length + 1;
    const { newest } = entry.history;
    const at = (place: number): UsageSample => ({
      cpus: cpus[place] ?? Number.NaN,
      memoryBytes: memoryBytes[place] ?? Number.NaN,
    });
    // Two reports may fall to both sides of a slot. Nothing was missed then: the later one stands for it as well.
    if (newest !== undefined && newest === first - 2) this.#put(entry, first - 1, at(0));
    for (const place of cpus.keys()) this.#put(entry, first + place, at(place));
  }

  /** What the owner's tasks use in sum, from one slot to another. */
  total(owner: UsageOwner, first: number, last: number): UsageSeries {
    return (this.#sums.get(owner) ?? new UsageHistory()).series(first, last);
  }

  /** What a task uses; undefined for one that was never measured, or is gone. */
  of(taskId: string, first: number, last: number): UsageSeries | undefined {
    return this.#tasks.get(taskId)?.history.series(first, last);
  }

  /** The owner's tasks that were measured, those that used the most in a slot first. */
  tasksOf(owner: UsageOwner, slot: number): string[] {
    const weight = ({ history }: Entry): number => {
      const { cpus, memoryBytes } = history.at(slot);
      return (Number.isNaN(cpus) ? 0 : cpus) + (Number.isNaN(memoryBytes) ? 0 : memoryBytes / 2 ** 30);
    };
    const own = [...this.#tasks].filter(([, { owners }]) => owners.includes(owner));
    return own
      .map(([id, entry]) => ({ id, weight: weight(entry) }))
      .sort((a, b) => b.weight - a.weight)
      .map(({ id }) => id);
  }

  /** Forgets what is no more. */
  observe({ kind, action, object }: StoreEvent): void {
    if (action !== "remove") return;
    if (kind === "task") this.#tasks.delete(object.id);
    else if (kind === "service" || kind === "node") this.#sums.delete(`${kind} ${object.id}`);
  }

  #entry({ id, serviceId, nodeId }: MeasuredTask): Entry | undefined {
    const known = this.#tasks.get(id);
    if (known || this.#tasks.size >= maxMeasuredTasks) return known;
    const entry = { owners: [`service ${serviceId}`, `node ${nodeId}`], history: new UsageHistory() } as const;
    this.#tasks.set(id, entry);
    return entry;
  }

  #put({ owners, history }: Entry, slot: number, sample: UsageSample): void {
    const before = history.at(slot);
    history.put(slot, sample);
    for (const owner of owners) this.#sum(owner).add(slot, before, sample);
  }

  #sum(owner: UsageOwner): UsageHistory {
    const known = this.#sums.get(owner) ?? new UsageHistory();
    this.#sums.set(owner, known);
    return known;
  }
}
