import type { Network } from "../../model/objects.ts";
import { type Problem, until } from "./problem.ts";
import { SubnetPool } from "./subnet-pool.ts";

/** An address by its subnet and its number there. */
interface Place {
  readonly pool: SubnetPool;
  readonly number: number;
}

/** The addresses of one network: of each family (IPv4, IPv6) it may have several subnets. */
export class NetworkPools {
  /** Nodes that have an address of their own on the network. */
  nodes = 0;
  /** Tasks that have an address on it and no node yet. */
  unplaced = 0;
  readonly #id: string;
  readonly #name: string;
  readonly #families: readonly (readonly SubnetPool[])[];
  /** When the holder of each address last given came to be. */
  readonly #newest = new Map<SubnetPool, number>();

  constructor({ id, spec, ipam }: Network) {
    this.#id = id;
    this.#name = spec.annotations.name;
    const pools = (ipam?.configs ?? []).flatMap(config => SubnetPool.of(config) ?? []);
    this.#families = [4, 6]
      .map(family => pools.filter(({ subnet }) => subnet.family === family))
      .filter(family => family.length > 0);
  }

  /** Addresses of its first family that can be given to somebody. */
  get capacity(): number {
    return sum(this.#families[0] ?? [], pool => pool.capacity);
  }

  /** Notes who holds an address. `bornMs`: the holder's age decides where the search for the next free one begins. */
  hold(address: string, bornMs: number): void {
    const place = this.#find(address);
    if (!place) return;
    place.pool.hold(place.number);
    this.#note(place, bornMs);
  }

  /** Notes an address that was held once: it is not the next to be given. */
  noteFormer(address: string, bornMs: number): void {
    const place = this.#find(address);
    if (place) this.#note(place, bornMs);
  }

  /** Whether the address became free. */
  release(address: string): boolean {
    const place = this.#find(address);
    return place?.pool.release(place.number) ?? false;
  }

  /**
   * One address of each family, the asked-for ones where there are any, and `keep` of each left over for others. `onUndo` is
   * told how to take that back.
   */
  take(asked: readonly string[], keep: number, onUndo: (undo: () => void) => void): string[] | Problem {
    const places: Place[] = [];
    for (const family of this.#families) {
      const wish = asked.find(address => family.some(pool => pool.numberOf(address) !== undefined));
      const place = wish === undefined ? this.#next(family, keep) : this.#find(wish);
      if (!place) return this.#usedUp(family);
      if (!place.pool.isFree(place.number))
        return this.#lacks(`network "${this.#name}": address ${wish} is in use`, until.askedAddresses(this.#id));
      places.push(place);
    }
    const foreign = asked.find(address => !this.#find(address));
    if (foreign !== undefined)
      return this.#lacks(
        `network "${this.#name}": address ${foreign} is in none of its subnets`,
        until.network(this.#id),
      );
    for (const { pool, number } of places) {
      const { lastGiven } = pool;
      pool.hold(number);
      pool.lastGiven = number;
      onUndo(() => {
        pool.release(number);
        pool.lastGiven = lastGiven;
      });
    }
    return places.map(({ pool, number }) => pool.textOf(number));
  }

  #next(family: readonly SubnetPool[], keep: number): Place | undefined {
    if (sum(family, pool => pool.free) <= keep) return undefined;
    for (const pool of family) {
      const number = pool.findFree();
      if (number !== undefined) return { pool, number };
    }
    return undefined;
  }

  #find(address: string): Place | undefined {
    for (const family of this.#families)
      for (const pool of family) {
        const number = pool.numberOf(address);
        if (number !== undefined) return { pool, number };
      }
    return undefined;
  }

  #note({ pool, number }: Place, bornMs: number): void {
    if (bornMs < (this.#newest.get(pool) ?? 0)) return;
    this.#newest.set(pool, bornMs);
    pool.lastGiven = number;
  }

  /** What is kept counts as in use: which of the two it is changes too often to be told to all who wait. */
  #usedUp(family: readonly SubnetPool[]): Problem {
    const capacity = sum(family, pool => pool.capacity);
    const subnets = family.map(({ cidr }) => cidr).join(", ");
    const text = `no available IP addresses in network "${this.#name}" (${subnets})`;
    return this.#lacks(`${text}: ${capacity} of ${capacity} in use`, until.addresses(this.#id));
  }

  #lacks(text: string, what: string): Problem {
    return { lacks: "an address", text, until: what };
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
