import { ChaosFaults } from "./chaos-faults.ts";
import { ChaosUsers } from "./chaos-users.ts";
import { Dice } from "./dice.ts";
import type { SimHost } from "./host.ts";
import type { Ledger } from "./ledger.ts";
import type { SimSwarm } from "./swarm.ts";

/** One thing that may happen: how often compared with others, what it is called, and what does it (false: not now). */
export type Act = readonly [weight: number, name: string, run: () => unknown];

/** Users, containers and faults at random, from a seed: what happens to a swarm in years, in minutes. */
export class Chaos {
  /** How often each thing was done. */
  readonly done = new Map<string, number>();
  readonly #dice: Dice;
  readonly #users: ChaosUsers;
  readonly #faults: ChaosFaults;

  /** `problem` is told what must not be. */
  constructor(swarm: SimSwarm, seed: number, problem: (problem: string) => void) {
    this.#dice = new Dice(seed);
    this.#users = new ChaosUsers(swarm, this.#dice, problem);
    this.#faults = new ChaosFaults(swarm, this.#dice);
  }

  get ledger(): Ledger {
    return this.#users.ledger;
  }

  /** What is there before anything happens. */
  begin(): Promise<void> {
    return this.#users.begin();
  }

  /** Does one thing, if it can be done now. */
  act(): void {
    this.#faults.restartBroken();
    const acts = [...this.#users.acts(), ...this.#faults.acts()];
    const total = acts.reduce((sum, [weight]) => sum + weight, 0);
    let left = this.#dice.upTo(total);
    for (const [weight, name, run] of acts) {
      left -= weight;
      if (left >= 0) continue;
      if (run() !== false) this.done.set(name, (this.done.get(name) ?? 0) + 1);
      return;
    }
  }

  /** How long until the next act, in milliseconds: often at once, seldom long. */
  pauseMs(): number {
    return this.#dice.seldom(8_000);
  }

  /** Whether nothing has disturbed the host for a while. */
  isCalm(host: SimHost): boolean {
    return this.#faults.isCalm(host);
  }

  /** Ends every fault, and waits for what was asked. */
  async end(): Promise<void> {
    this.#faults.end();
    await this.#users.end();
  }
}
