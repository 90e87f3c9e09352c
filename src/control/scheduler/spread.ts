import { Heap } from "./heap.ts";
import type { Place } from "./place.ts";
import type { Branch, Topology } from "./topology.ts";

export interface SpreadOptions {
  readonly serviceId: string;
  readonly topology: Topology;
  /** Nodes that have wanted tasks of the service, at the beginning. */
  readonly holders: Iterable<Place>;
  /** Recent failures of the service by node, where they are too many. */
  readonly failures: ReadonlyMap<string, number>;
}

/** One task's way to its node. */
export interface Search {
  /** Whether the node will do at this moment. In one spread nodes only get fuller: what will not do stays out. */
  fits(place: Place): boolean;
  /** Gives the node the task. */
  take(place: Place): void;
}

/**
 * Picks nodes for tasks of one kind, one after the other: first where the service has not failed again and again, then
 * where it has the fewest tasks, then where there are the fewest tasks at all. Placement preferences come before that:
 * they make a tree of the nodes, and each pick goes down the branches with the fewest tasks of the service.
 *
 * What a spread costs depends on how many nodes it has to look at, not on how many there are. It is good for as long as
 * nothing but its own picks changes what is on the nodes.
 */
export class Spread {
  readonly #options: SpreadOptions;
  /** Tasks of the service on each branch, nodes that cannot take another one included; only with preferences. */
  readonly #tasks = new Map<Branch, number>();
  readonly #lineups = new Map<Branch, Lineup>();
  readonly #exhausted = new Set<Branch>();

  constructor(options: SpreadOptions) {
    this.#options = options;
    const { topology, holders, serviceId } = options;
    if (topology.depth === 0) return;
    for (const place of holders) this.#count(topology.leafOf(place), place.usage.ofService(serviceId));
  }

  /** The best node, which has taken the task then; undefined when no node is left. */
  pick(next: Search): Place | undefined {
    return this.#pickFrom(this.#options.topology.root, this.#options.topology.depth, next);
  }

  #pickFrom(branch: Branch, depth: number, next: Search): Place | undefined {
    if (depth === 0) return this.#pickNode(branch, next);
    for (let best = this.#emptiest(branch); best; best = this.#emptiest(branch)) {
      const picked = this.#pickFrom(best, depth - 1, next);
      if (picked) return picked;
      this.#exhausted.add(best);
    }
    return undefined;
  }

  #pickNode(leaf: Branch, next: Search): Place | undefined {
    const lineup = this.#lineups.get(leaf) ?? new Lineup(leaf, this.#options);
    this.#lineups.set(leaf, lineup);
    const picked = lineup.pick(next);
    if (picked && this.#options.topology.depth > 0) this.#count(leaf, 1);
    return picked;
  }

  #emptiest(parent: Branch): Branch | undefined {
    let best: Branch | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const branch of parent.branches.values()) {
      const tasks = this.#tasks.get(branch) ?? 0;
      if (tasks >= least || this.#exhausted.has(branch)) continue;
      best = branch;
      least = tasks;
    }
    return best;
  }

  #count(leaf: Branch | undefined, tasks: number): void {
    for (let branch = leaf; branch; branch = branch.parent)
      this.#tasks.set(branch, (this.#tasks.get(branch) ?? 0) + tasks);
  }
}

/**
 * The nodes of one leaf in the order in which they are to be picked. Nodes without the service and without blame come
 * first, and are found by walking along the ranks; the others are put in order when those are used up.
 */
class Lineup {
  readonly #leaf: Branch;
  readonly #options: SpreadOptions;
  readonly #walk: Iterator<Place, void>;
  #others: Heap<Candidate> | undefined;

  constructor(leaf: Branch, options: SpreadOptions) {
    this.#leaf = leaf;
    this.#options = options;
    this.#walk = leaf.ranks.ascending();
  }

  pick(next: Search): Place | undefined {
    return (this.#others ? undefined : this.#pickNew(next)) ?? this.#pickOther(next);
  }

  #pickNew(next: Search): Place | undefined {
    for (let step = this.#walk.next(); !step.done; step = this.#walk.next()) {
      const place = step.value;
      if (this.#isOther(place) || !next.fits(place)) continue;
      next.take(place);
      return place;
    }
    return undefined;
  }

  #pickOther(next: Search): Place | undefined {
    this.#others ??= this.#arranged();
    for (let best = this.#others.top; best; best = this.#others.top) {
      const { place } = best;
      if (!next.fits(place)) {
        this.#others.pop();
        continue;
      }
      next.take(place);
      best.ofService++;
      best.tasks++;
      this.#others.settleTop();
      return place;
    }
    return undefined;
  }

  #isOther(place: Place): boolean {
    const { serviceId, failures } = this.#options;
    return place.usage.ofService(serviceId) > 0 || (failures.size > 0 && failures.has(place.node.id));
  }

  #arranged(): Heap<Candidate> {
    const { serviceId, failures } = this.#options;
    const heap = new Heap<Candidate>(
      (a, b) => (a.failures - b.failures || a.ofService - b.ofService || a.tasks - b.tasks) < 0,
    );
    for (const place of this.#leaf.ranks.ascending()) {
      if (!this.#isOther(place)) continue;
      const { node, usage } = place;
      const ofService = usage.ofService(serviceId);
      heap.push({ place, failures: failures.get(node.id) ?? 0, ofService, tasks: usage.tasks });
    }
    return heap;
  }
}

/** A node with what its order goes by, kept up to date beside what is counted on the node: it is compared so often. */
interface Candidate {
  readonly place: Place;
  readonly failures: number;
  ofService: number;
  tasks: number;
}
