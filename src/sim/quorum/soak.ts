import type { Act } from "../chaos.ts";
import { Dice } from "../dice.ts";
import { RegisterHistory } from "../register-history.ts";
import { QuorumClient } from "./client.ts";
import { QuorumFaults } from "./faults.ts";
import { QuorumOperator } from "./operator.ts";
import { Quorum } from "./quorum.ts";

/** Once all faults have ended: until somebody leads, and until everybody has the same, in virtual milliseconds. */
const leaderLimitMs = 8_000;
const restLimitMs = 30_000;
/** Between two things that happen, in milliseconds, at most. */
const longestPauseMs = 1_500;
const storyLines = 120;
/** Every so many seeds logs are lost, too. (The stories of the others are kept as they were.) */
const losingEvery = 6;

export interface QuorumSoakOptions {
  readonly seed: number;
  /** Of faults, before it is left to come to rest. */
  readonly virtualMs?: number;
}

export interface QuorumSoakResult {
  readonly seed: number;
  readonly traceHash: string;
  readonly virtualMs: number;
  /** Members at the beginning. */
  readonly size: number;
  readonly terms: number;
  readonly entries: number;
  /** Sent to members that were far behind. */
  readonly snapshots: number;
  /** What clients did and were answered, or not. */
  readonly operations: number;
  /** From the end of all faults until everybody has the same. */
  readonly recoveryMs: number;
  /** How often each thing was done. */
  readonly done: ReadonlyMap<string, number>;
}

/** Throws at the first thing that must not be, with the seed and the story of what led to it. */
export async function quorumSoak(options: QuorumSoakOptions): Promise<QuorumSoakResult> {
  const soak = new QuorumSoak(options);
  try {
    return await soak.run();
  } catch (error) {
    const reason = error instanceof Error ? error.stack : String(error);
    const replay = `npm run sim -- --seed ${options.seed}`;
    throw new Error(`seed ${options.seed}: ${reason}\n\nWhat led to it (${replay} replays it):\n${soak.story}`, {
      cause: error,
    });
  }
}

class QuorumSoak {
  readonly #seed: number;
  readonly #virtualMs: number;
  readonly #size: number;
  readonly #dice: Dice;
  readonly #problems: string[] = [];
  readonly #history = new RegisterHistory();
  readonly #quorum: Quorum;
  readonly #done = new Map<string, number>();

  constructor({ seed, virtualMs }: QuorumSoakOptions) {
    const dice = new Dice(seed);
    this.#seed = seed;
    this.#dice = dice;
    this.#size = dice.pick([1, 3, 3, 3, 3, 3, 5, 5]);
    this.#virtualMs = virtualMs ?? dice.pick([3_000, 5_000, 5_000, 8_000, 12_000]);
    this.#quorum = new Quorum({
      seed,
      snapshotInterval: dice.pick([2n, 5n, 20n, 1_000n]),
      keptEntries: dice.pick([0n, 1n, 5n, 50n]),
      maxSkewMs: dice.pick([0, 2_000]),
      maxDrift: dice.pick([0, 0.02, 0.1]),
      plainChance: dice.pick([0, 0, 0, 0.4]),
      problem: problem => void this.#problems.push(problem),
    });
  }

  get story(): string {
    return [...this.#quorum.trace.tail(storyLines), this.#quorum.describe()].join("\n");
  }

  async run(): Promise<QuorumSoakResult> {
    const { clock, trace, promises } = this.#quorum;
    await this.#quorum.found(this.#size);
    const problem = (text: string): void => void this.#problems.push(text);
    const operator = new QuorumOperator(this.#quorum, this.#dice, problem, this.#seed % losingEvery === 0);
    const faults = new QuorumFaults(this.#quorum, this.#dice, member => void operator.start(member));
    // Who reads only does not wait behind a write that a leader cut off from everybody does not answer.
    const clients = [0.1, 0.3, 0.5, 1].map((reads, at) => this.#client(`c${at + 1}`, reads));
    const working = Promise.all(clients.map(client => client.run()));
    await this.#disturb(() => [...faults.acts(), ...operator.acts()]);
    trace.note("the faults end");
    faults.end();
    const recoveryMs = await this.#recover(operator);
    for (const client of clients) client.stop();
    await this.#quorum.settled(working);
    await this.#compare();
    operator.close();
    await this.#stop();
    return {
      ...{ seed: this.#seed, size: this.#size, done: this.#done, recoveryMs },
      traceHash: trace.hash,
      virtualMs: clock.monotonic(),
      terms: promises.terms,
      entries: Number(promises.lastApplied),
      snapshots: promises.snapshots,
      operations: this.#history.size,
    };
  }

  async #disturb(acts: () => readonly Act[]): Promise<void> {
    const { clock } = this.#quorum;
    const end = clock.monotonic() + this.#virtualMs;
    while (clock.monotonic() < end) {
      this.#act(acts());
      await clock.advance(this.#dice.seldom(longestPauseMs));
      this.#report();
    }
  }

  #act(acts: readonly Act[]): void {
    let left = this.#dice.upTo(acts.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, name, run] of acts) {
      left -= weight;
      if (left >= 0) continue;
      if (run() !== false) this.#done.set(name, (this.#done.get(name) ?? 0) + 1);
      return;
    }
  }

  /** With clients still at work: somebody leads soon, and all that was begun gets done. */
  async #recover(operator: QuorumOperator): Promise<number> {
    const { clock } = this.#quorum;
    const start = clock.monotonic();
    await this.#until(() => this.#quorum.leader !== undefined, "somebody leads", leaderLimitMs);
    await this.#quorum.settled(operator.end(), restLimitMs);
    await this.#until(() => operator.isComplete(), "everybody is a member who is to be one", restLimitMs);
    return clock.monotonic() - start;
  }

  /** All logs are equal once nothing is asked for any more; what clients saw is what one copy would have shown. */
  async #compare(): Promise<void> {
    const { members, promises } = this.#quorum;
    await this.#until(() => this.#isAtRest(), "everybody has the same", restLimitMs);
    const last = this.#client("last", 1);
    await this.#quorum.settled(last.readAll(), restLimitMs);
    await this.#until(() => this.#isAtRest(), "everybody has the same", restLimitMs);
    for (const { name, run } of members)
      if (run) promises.compare(name, run.store, run.consensus.status().raft.applied);
    this.#problems.push(...this.#history.problems());
    this.#report();
  }

  async #stop(): Promise<void> {
    const { members, network, clock } = this.#quorum;
    await this.#quorum.settled(Promise.all(members.map(member => member.stop())));
    await clock.advance(1_000);
    if (network.calls + clock.pending > 0) this.#problems.push(`left: ${network.calls} calls, ${clock.pending} timers`);
    this.#report();
  }

  #isAtRest(): boolean {
    const all = this.#quorum.members.flatMap(({ run }) => run?.consensus.status() ?? []);
    // A snapshot counts as applied for raft as soon as it has come: the store has it when it is on disk.
    const areRestored = all.every(({ raft, snapshotIndex }) => snapshotIndex >= raft.firstIndex - 1n);
    return areRestored && new Set(all.flatMap(({ raft }) => [raft.applied, raft.lastIndex])).size === 1;
  }

  #client(name: string, reads: number): QuorumClient {
    return new QuorumClient(name, { quorum: this.#quorum, dice: this.#dice, history: this.#history, reads });
  }

  async #until(condition: () => boolean, what: string, limitMs: number): Promise<void> {
    await this.#quorum.until(() => this.#problems.length > 0 || condition(), what, limitMs);
    this.#report();
  }

  #report(): void {
    if (this.#problems.length > 0)
      throw new Error(`at ${this.#quorum.clock.monotonic()} ms: ${this.#problems.slice(0, 10).join("; ")}`);
  }
}
