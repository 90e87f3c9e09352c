import type { Service } from "../model/objects.ts";
import type { ReadTx } from "../store/tx.ts";

/** What the store must hold of a service; undefined: there is no such service. */
export type Expected = { readonly image: string; readonly replicas: number } | undefined;

/**
 * How long a request of unknown outcome may still come to pass, in milliseconds: a manager that is cut off may have it in its log,
 * and lead again.
 */
const undecidedMs = 90_000;

interface Entry {
  /** What may be there: one, or two when nobody knows what became of a request. */
  readonly possible: readonly Expected[];
  /** A request is under way. */
  readonly isBusy: boolean;
  /** Before this time a look does not tell which of several it is. */
  readonly undecidedUntil: number;
  /** The swarm itself may bring back an earlier spec. */
  readonly rollsBack: boolean;
}

/** What users have been answered: the store must hold it, whatever happens to the manager. By names of services. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();

  /** Services that are there for certain, are not being changed, and of which is known what they are. */
  settled(): string[] {
    const isSettled = ({ isBusy, possible }: Entry): boolean =>
      !isBusy && possible.length === 1 && possible[0] !== undefined;
    const entries = [...this.#entries].filter(([, entry]) => isSettled(entry));
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
    this.#entries.set(name, { possible: [...before, next], isBusy: true, rollsBack, undecidedUntil: 0 });
  }

  /** What became of it, at a time in milliseconds; undefined: nobody knows. */
  end(name: string, isDone: boolean | undefined, now: number): void {
    const entry = this.#entries.get(name);
    if (!entry) return;
    const { possible } = entry;
    const left = isDone === undefined ? possible : isDone ? possible.slice(-1) : possible.slice(0, -1);
    const undecidedUntil = isDone === undefined ? now + undecidedMs : 0;
    this.#entries.set(name, { ...entry, possible: left, isBusy: false, undecidedUntil });
  }

  /** Whatever was asked has come to pass by now, or never will. */
  decide(): void {
    for (const [name, entry] of this.#entries) this.#entries.set(name, { ...entry, undecidedUntil: 0 });
  }

  /** What the store lacks or has that it should not, in words. What was uncertain is certain once it is looked at late enough. */
  check(tx: ReadTx, now: number): string[] {
    const problems: string[] = [];
    for (const [name, entry] of this.#entries) {
      if (entry.isBusy) continue;
      const [service] = tx.service.byName(name);
      const fitting = entry.possible.filter(expected => fits(service, expected, entry.rollsBack));
      if (fitting.length === 0) problems.push(`${name} is ${show(service)}, not ${entry.possible.map(showExpected)}`);
      else if (now < entry.undecidedUntil) continue;
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

/** Of a job its completions; -1 for what is on each node. */
export function replicasOf({ spec: { mode } }: Service): number {
  if (mode.case === "replicatedJob") return Number(mode.value.totalCompletions);
  return mode.case === "replicated" ? Number(mode.value.replicas) : -1;
}

function show(service: Service | undefined): string {
  return service ? `${replicasOf(service)} of ${imageOf(service)}` : "not there";
}

function showExpected(expected: Expected): string {
  return expected ? `${expected.replicas} of ${expected.image}` : "nothing";
}
