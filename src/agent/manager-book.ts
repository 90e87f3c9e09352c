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

/** A manager's weight is divided by this once it has failed, so that others are tried first; one that is back is found again. */
const failureFactor = 8;

/**
 * The managers this node may turn to. Picks one by chance and weight, rather one that has worked than one that has not. When all have
 * failed they get their turns: each try waits longer than the one before, and a node without a manager for a quarter of a minute is down.
 */
export class ManagerBook {
  #managers: readonly WeightedManager[];
  /** Addresses of those that have not worked since they failed, whoever failed longest ago first. */
  readonly #failed = new Set<string>();

  constructor(known: readonly KnownManager[]) {
    this.#managers = known.map(manager => ({ ...manager, weight: 1 }));
  }

  /** The managers there are, as one of them says. An empty list is no news: it would leave nobody to ask. */
  replace(managers: readonly WeightedManager[]): void {
    if (managers.length === 0) return;
    this.#managers = managers;
    const addresses = new Set(managers.map(({ address }) => address));
    for (const address of this.#failed) if (!addresses.has(address)) this.#failed.delete(address);
  }

  /** One of the managers, by `chance` in [0, 1). Undefined when none is known. */
  pick(chance: number): string | undefined {
    if (this.#managers.every(({ address }) => this.#failed.has(address))) return this.#failed.values().next().value;
    const shares = this.#managers.map(
      ({ address, weight }) => Math.max(1, weight) / (this.#failed.has(address) ? failureFactor : 1),
    );
    let left = chance * shares.reduce((sum, share) => sum + share, 0);
    for (const [i, { address }] of this.#managers.entries()) {
      left -= shares[i] ?? 0;
      if (left < 0) return address;
    }
    return this.#managers.at(-1)?.address;
  }

  worked(address: string): void {
    this.#failed.delete(address);
  }

  failed(address: string): void {
    this.#failed.delete(address);
    if (this.#managers.some(known => known.address === address)) this.#failed.add(address);
  }
}
