/**
 * How long a node keeps its address on a network without tasks there, in milliseconds: when one task takes another's place, the
 * node's bridge stays as it is.
 */
export const keepAddressMs = 5_000;

/** The addresses that nodes have and do not need, and since when. */
export class KeptAddresses {
  /** By node, then network. */
  readonly #since = new Map<string, ReadonlyMap<string, number>>();
  /** When the next one has been kept for long enough. */
  #due = Number.POSITIVE_INFINITY;

  /** Milliseconds until one has been kept for long enough; undefined when none is kept. */
  dueInMs(now: number): number | undefined {
    return Number.isFinite(this.#due) ? Math.max(0, this.#due - now) : undefined;
  }

  /** All are to be asked for again, for one is due. */
  startOver(): void {
    this.#due = Number.POSITIVE_INFINITY;
  }

  /** Notes the networks on which the node does not need its address, and returns those on which it keeps it for now. */
  keep(nodeId: string, unneeded: readonly string[], now: number): ReadonlySet<string> {
    const before = this.#since.get(nodeId);
    if (unneeded.length === 0) {
      this.#since.delete(nodeId);
      return nothing;
    }
    const since = new Map(unneeded.map(networkId => [networkId, before?.get(networkId) ?? now]));
    this.#since.set(nodeId, since);
    const kept = unneeded.filter(networkId => this.#isKept((since.get(networkId) ?? now) + keepAddressMs, now));
    return new Set(kept);
  }

  clear(): void {
    this.#since.clear();
    this.startOver();
  }

  #isKept(due: number, now: number): boolean {
    if (due <= now) return false;
    this.#due = Math.min(this.#due, due);
    return true;
  }
}

const nothing: ReadonlySet<string> = new Set();
