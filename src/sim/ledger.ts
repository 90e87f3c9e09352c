import type { Service } from "../model/objects.ts";
import type { ReadTx } from "../store/tx.ts";

/** What the store must hold of a service; undefined: there is no such service. */
export type Expected = { readonly image: string; readonly replicas: number } | undefined;

interface Entry {
  /** What may be there: one, or two when nobody knows what became of a request. */
  readonly possible: readonly Expected[];
  /** A request is under way. */
  readonly isBusy: boolean;
  /** The swarm itself may bring back an earlier spec. */
  readonly rollsBack: boolean;
}

/** What users have been answered: the store must hold it, whatever happens to the manager. By names of services. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();

  /** Services that are there for certain and are not being changed. */
  settled(): string[] {
    const entries = [...this.#entries].filter(([, { isBusy, possible }]) => !isBusy && possible.every(each => each));
    return entries.map(([name]) => name);
  }

  /** Services that may be there. */
  names(): string[] {
    return [...this.#entries.keys()];
  }

  expected(name: string): Expected {
    return this.#entries.get(name)?.possible.at(-1);
  }

  /** A request is sent that makes it `next`. */
  begin(name: string, next: Expected, rollsBack = this.#entries.get(name)?.rollsBack ?? false): void {
    const before = this.#entries.get(name)?.possible ?? [undefined];
    this.#entries.set(name, { possible: [...before, next], isBusy: true, rollsBack });
  }

  /** What became of it; undefined: nobody knows. */
  end(name: string, isDone: boolean | undefined): void {
    const entry = this.#entries.get(name);
    if (!entry) return;
    const { possible } = entry;
    const left = isDone === undefined ? possible : isDone ? possible.slice(-1) : possible.slice(0, -1);
    this.#entries.set(name, { ...entry, possible: left, isBusy: false });
  }

  /** What the store lacks or has that it should not, in words. What was uncertain is certain once it has been looked at. */
  check(tx: ReadTx): string[] {
    const problems: string[] = [];
    for (const [name, entry] of this.#entries) {
      if (entry.isBusy) continue;
      const [service] = tx.service.byName(name);
      const fitting = entry.possible.filter(expected => fits(service, expected, entry.rollsBack));
      if (fitting.length === 0) problems.push(`${name} is ${show(service)}, not ${entry.possible.map(showExpected)}`);
      else if (service || fitting.length < entry.possible.length)
        this.#entries.set(name, { ...entry, possible: fitting.slice(-1) });
      if (!service) this.#entries.delete(name);
    }
    return problems;
  }
}

function fits(service: Service | undefined, expected: Expected, rollsBack: boolean): boolean {
  if (!service || !expected) return service === expected;
  if (rollsBack) return true;
  return imageOf(service) === expected.image && replicasOf(service) === expected.replicas;
}

export function imageOf({ spec }: Pick<Service, "spec">): string {
  return spec.task.runtime.case === "container" ? spec.task.runtime.value.image : "";
}

/** -1 for a global service. */
export function replicasOf({ spec }: Service): number {
  return spec.mode.case === "replicated" ? Number(spec.mode.value.replicas) : -1;
}

function show(service: Service | undefined): string {
  return service ? `${replicasOf(service)} of ${imageOf(service)}` : "not there";
}

function showExpected(expected: Expected): string {
  return expected ? `${expected.replicas} of ${expected.image}` : "nothing";
}
