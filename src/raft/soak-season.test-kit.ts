import type { Chance } from "./chance.test-kit.ts";
import type { NodeId } from "./entry.ts";

/** How often each thing happens, relative to each other, in a season like any other. */
const weights = {
  deliver: 700,
  tick: 150,
  sync: 130,
  apply: 80,
  write: 40,
  read: 30,
  compact: 6,
  crash: 4,
  restart: 60,
  change: 8,
  transfer: 3,
  suspect: 3,
  depose: 1,
  campaign: 1,
  stepDown: 1,
  snapshotEnded: 3,
} as const;
export type Action = keyof typeof weights;
const actions = Object.keys(weights) as Action[];

/** By how much something can be more or less frequent than in a season like any other. */
type Factors = Partial<Record<Action, readonly number[]>>;

/** What a run is mostly about: some mistakes show only where much of one kind comes together. */
export interface Theme {
  readonly name: string;
  /** Founding members. */
  readonly sizes: readonly number[];
  readonly electionTicks: number;
  /** Steps that one season lasts, at most. */
  readonly seasonSteps: number;
  /** How much fits into one append, in bytes: 1 is one entry. */
  readonly maxMessageBytes: number;
  readonly factors: Factors;
}

const someOfAll: Factors = {
  tick: [0.5, 1, 1, 3],
  sync: [0.2, 1, 1],
  apply: [0.2, 1, 1],
  write: [0.3, 1, 2],
  read: [0.3, 1, 4],
  crash: [0, 0, 1, 5],
  change: [0, 1, 8],
  transfer: [0, 1, 6],
  suspect: [0, 1, 10],
  depose: [0, 1, 3],
};

export const themes: readonly Theme[] = [
  {
    name: "a bit of everything",
    sizes: [1, 2, 3, 4, 5],
    electionTicks: 10,
    seasonSteps: 500,
    maxMessageBytes: 150,
    factors: someOfAll,
  },
  {
    name: "leaders come and go",
    sizes: [3, 3, 5],
    electionTicks: 3,
    seasonSteps: 150,
    maxMessageBytes: 1,
    factors: {
      tick: [1, 3],
      sync: [3],
      crash: [0, 0, 3],
      change: [0],
      depose: [3, 10],
      transfer: [0, 2],
      read: [2, 6],
    },
  },
  {
    name: "members come and go",
    sizes: [1, 2, 3, 3, 4],
    electionTicks: 4,
    seasonSteps: 700,
    maxMessageBytes: 150,
    factors: {
      tick: [1, 2],
      sync: [2],
      apply: [1, 2],
      crash: [0, 0, 1],
      change: [4, 15],
      compact: [1, 3],
      depose: [1, 4],
      transfer: [0, 2],
    },
  },
];

/** A time in which some things happen more often than in others, and in which one machine is slow. */
export class Season {
  readonly #chance: Chance;
  readonly #factors = new Map<Action, number>();
  readonly #total: number;
  #slow: NodeId | undefined;
  /** What the slow machine does seldom. */
  #slowAt: Action;

  constructor(chance: Chance, { factors }: Theme, ids: readonly NodeId[]) {
    this.#chance = chance;
    for (const action of actions) this.#factors.set(action, chance.pick(factors[action] ?? [1]) ?? 1);
    this.#total = actions.reduce((sum, action) => sum + this.#weight(action), 0);
    this.#slow = chance.isBelow(0.5) ? chance.pick(ids) : undefined;
    this.#slowAt = chance.pick(["tick", "sync", "apply"] as const) ?? "tick";
  }

  /** What happens next. */
  action(): Action {
    let roll = this.#chance.float() * this.#total;
    for (const action of actions) {
      roll -= this.#weight(action);
      if (roll < 0) return action;
    }
    return "deliver";
  }

  /** Whether that host does not get round to it this time. */
  spares(host: NodeId, action: Action): boolean {
    return host === this.#slow && action === this.#slowAt && this.#chance.isBelow(0.9);
  }

  /** From now on that machine's clock is the slow one. */
  slowClock(host: NodeId): void {
    this.#slow = host;
    this.#slowAt = "tick";
  }

  toString(): string {
    const unusual = actions.filter(action => this.#factors.get(action) !== 1);
    const slow = this.#slow === undefined ? "" : `, ${this.#slow} slow to ${this.#slowAt}`;
    return `${unusual.map(action => `${action} x${this.#factors.get(action)}`).join(" ")}${slow}`;
  }

  #weight(action: Action): number {
    return weights[action] * (this.#factors.get(action) ?? 1);
  }
}
