/** A manager as a node knows it. */
export interface KnownManager {
  /** "" as long as only its address is known. */
  readonly nodeId: string;
  /** HOST:PORT. */
  readonly address: string;
}

/** A manager, and how much of the load it is to get. */
export interface WeightedManager extends KnownManager {
  readonly weight: number;
}

/** Each failure in a row divides a manager's weight by this, so that others are tried first. */
const failureFactor = 8;
/** Failures beyond this many count no more: a manager that is back is found again. */
const countedFailures = 3;

/** The managers this node may turn to. Picks one by chance and weight, rather one that has worked than one that has not. */
export class ManagerBook {
  #managers: readonly WeightedManager[];
  readonly #failures = new Map<string, number>();

  constructor(known: readonly KnownManager[]) {
    this.#managers = known.map(manager => ({ ...manager, weight: 1 }));
  }

  /** The managers there are, as one of them says. An empty list is no news: it would leave nobody to ask. */
  replace(managers: readonly WeightedManager[]): void {
    if (managers.length === 0) return;
    this.#managers = managers;
    const addresses = new Set(managers.map(({ address }) => address));
    for (const address of this.#failures.keys()) if (!addresses.has(address)) this.#failures.delete(address);
  }

  /** One of the managers, by `chance` in [0, 1). Undefined when none is known. */
  pick(chance: number): string | undefined {
    const shares = this.#managers.map(({ address, weight }) => {
      const failures = Math.min(this.#failures.get(address) ?? 0, countedFailures);
      return Math.max(1, weight) / failureFactor ** failures;
    });
    let left = chance * shares.reduce((sum, share) => sum + share, 0);
    for (const [i, { address }] of this.#managers.entries()) {
      left -= shares[i] ?? 0;
      if (left < 0) return address;
    }
    return this.#managers.at(-1)?.address;
  }

  worked(address: string): void {
    this.#failures.delete(address);
  }

  failed(address: string): void {
    this.#failures.set(address, (this.#failures.get(address) ?? 0) + 1);
  }
}
