import { noLeaderText } from "../../consensus/leadership.ts";
import { Fault } from "../../lib/fault.ts";
import { sleep } from "../../ports/clock.ts";
import type { Dice } from "../dice.ts";
import type { RegisterHistory, RegisterInput } from "../register-history.ts";
import type { MemberRun } from "./member.ts";
import type { Quorum } from "./quorum.ts";
import { changeRegister, type RegisterChange, readRegister } from "./register.ts";

const keys = ["a", "b", "c"] as const;
/** Time between an answer and the next request, in milliseconds, at most. */
const longestPauseMs = 900;
/** How long a client waits for an answer, in milliseconds; at most, where it writes. */
const readPatienceMs = 300;
const writePatienceMs = 5_000;
/** While two managers say that they lead, every moment counts. */
const hurryMs = 40;

export interface ClientOptions {
  readonly quorum: Quorum;
  readonly dice: Dice;
  readonly history: RegisterHistory;
  readonly reads: number;
}

/** Somebody who reads and changes registers, one after the other, and remembers what was asked and answered. */
export class QuorumClient {
  readonly #name: string;
  readonly #quorum: Quorum;
  readonly #dice: Dice;
  readonly #history: RegisterHistory;
  readonly #reads: number;
  #made = 0;
  #isOver = false;

  /** `reads` is the chance that it reads rather than writes. */
  constructor(name: string, options: ClientOptions) {
    this.#name = name;
    this.#quorum = options.quorum;
    this.#dice = options.dice;
    this.#history = options.history;
    this.#reads = options.reads;
  }

  /** Resolves after `stop`, when the last request is answered or given up. */
  async run(): Promise<void> {
    while (!this.#isOver) {
      await sleep(this.#quorum.clock, this.#dice.seldom(this.#leaders().length > 1 ? hurryMs : longestPauseMs));
      const run = this.#choose();
      if (!run) continue;
      const key = this.#dice.pick(keys);
      if (this.#dice.chance(this.#reads)) await this.#read(run, key);
      else await this.#change(run, key);
    }
  }

  /** Reads everything, from whoever leads, until it is answered. */
  async readAll(): Promise<void> {
    for (const key of keys) {
      for (let run = this.#choose(); !run || !(await this.#read(run, key)); run = this.#choose())
        await sleep(this.#quorum.clock, longestPauseMs);
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  /** Who says that it leads, right or wrong; one that is paused would say so too, later. */
  #leaders(): readonly MemberRun[] {
    const runs = this.#quorum.members.flatMap(({ run }) => run ?? []);
    return runs.filter(({ consensus }) => consensus.leadership.kind === "leading");
  }

  #choose(): MemberRun | undefined {
    const leaders = this.#leaders();
    const runs = this.#quorum.members.flatMap(({ run }) => run ?? []);
    const from = leaders.length > 0 && this.#dice.chance(0.95) ? leaders : runs;
    return from.length > 0 ? this.#dice.pick(from) : undefined;
  }

  /** Whether it was answered. */
  async #read(run: MemberRun, key: string): Promise<boolean> {
    const answer = this.#history.ask(this.#name, key, { kind: "read" });
    try {
      await this.#quorum.patiently(
        run,
        run.process.resumed().then(() => run.consensus.readBarrier()),
        readPatienceMs,
      );
      answer({ kind: "done", output: run.store.view(tx => readRegister(tx, key)) });
      return true;
    } catch (error) {
      this.#outcomeOf(error);
      answer({ kind: "refused" });
      return false;
    }
  }

  async #change(run: MemberRun, key: string): Promise<void> {
    const writer = `${this.#name}.${++this.#made}`;
    const input = this.#draw(writer);
    const answer = this.#history.ask(this.#name, key, input);
    const { promises, trace } = this.#quorum;
    try {
      await this.#quorum.patiently(
        run,
        run.process.resumed().then(() => run.store.update(tx => changeRegister(tx, key, input, writer))),
        this.#dice.upTo(writePatienceMs),
      );
      // A removal leaves nothing behind that says who made it.
      if (input.kind !== "remove") promises.acknowledged(writer);
      answer({ kind: "done", output: "" });
    } catch (error) {
      const kind = this.#outcomeOf(error);
      if (kind === "refused") promises.refused(writer);
      else trace.note(`nobody knows whether the ${input.kind} by ${writer} happened`);
      answer({ kind });
    }
  }

  #draw(value: string): RegisterChange & RegisterInput {
    const kind = this.#dice.pick(["write", "append", "append", "append", "remove"] as const);
    return kind === "remove" ? { kind } : { kind, value };
  }

  #outcomeOf(error: unknown): "refused" | "unknown" {
    if (!(error instanceof Fault)) throw error;
    // There was nothing to remove; nobody leads there; another entry took the place of this one.
    const isRefused = ["not_found", "aborted"].includes(error.code) || error.message === noLeaderText;
    return isRefused ? "refused" : "unknown";
  }
}
