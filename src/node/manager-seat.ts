import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { asFault, Fault } from "../lib/fault.ts";
import { Mutex } from "../lib/mutex.ts";
import type { ManagerBeginning } from "../manager/beginning.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Disk } from "../ports/disk.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Caller } from "../ports/transport.ts";
import * as texts from "./texts.ts";

/** Between tries to become a manager: an address may become free, another manager be reached. */
const backoff: Backoff = { firstMs: 500, longestMs: 10_000 };

/** How a manager that is being opened talks with its seat. */
export interface SeatHooks {
  /** Aborts when it is to be given up. */
  readonly signal: AbortSignal;
  /** It was removed from the quorum. */
  readonly onRemoved: () => void;
}

export interface ManagerSeatOptions<M> {
  readonly disk: Disk;
  /** Where the manager keeps its log. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The other managers known at the moment, HOST:PORT each. */
  readonly others: () => readonly string[];
  /** Whether there has been a log: without it this node must not get its former vote in the quorum again. */
  readonly hasBegunLog: () => boolean;
  readonly open: (beginning: ManagerBeginning, hooks: SeatHooks) => Promise<M>;
  /** Called after each change of `manager`. */
  readonly onChange: () => void;
}

type State<M> =
  | { readonly at: "empty" }
  /** Tried again and again. */
  | { readonly at: "waiting"; readonly fault: Fault | undefined }
  /** Not without its operator. */
  | { readonly at: "failed"; readonly fault: Fault }
  | { readonly at: "taken"; readonly manager: M }
  | { readonly at: "lost" };

/**
 * A node's place among the managers, under its running worker: taken when the node is promoted, emptied when it is
 * demoted. What a crash cuts short is told from the disk at the next start: a certificate of a manager without a log
 * is a promotion to go on with, one of a worker with a log a demotion.
 */
export class ManagerSeat<M extends { stop(): Promise<void> }> {
  readonly #options: ManagerSeatOptions<M>;
  readonly #turns = new Mutex();
  /** Resolves when a manager serves for the first time. */
  readonly taken: Promise<void>;
  #tellTaken = (): void => {};
  #state: State<M> = { at: "empty" };
  #giveUp = new AbortController();

  constructor(options: ManagerSeatOptions<M>) {
    this.#options = options;
    this.taken = new Promise(resolve => {
      this.#tellTaken = resolve;
    });
  }

  /** Undefined while none serves. */
  get manager(): M | undefined {
    return this.#state.at === "taken" ? this.#state.manager : undefined;
  }

  /** Why this node is no manager although it ought to be, and whether that is for good; undefined when all is well. */
  trouble(): { readonly text: string; readonly isFinal: boolean } | undefined {
    const state = this.#state;
    switch (state.at) {
      case "empty":
      case "taken":
        return undefined;
      case "waiting":
        return state.fault && { text: state.fault.message, isFinal: false };
      case "failed":
        return { text: state.fault.message, isFinal: true };
      case "lost":
        return { text: texts.removedFromQuorum, isFinal: true };
      default:
        return state satisfies never;
    }
  }

  /**
   * Begins as the node's certificate says, with `beginning` or with what is on the disk. Resolves when the manager
   * serves, or is to join the others, which goes on in the background; also when its log is lost or damaged and there
   * are others who can do something about that. Fault when it cannot begin otherwise.
   */
  async begin(role: Caller["role"], beginning?: ManagerBeginning): Promise<void> {
    if (role === "worker") return this.empty();
    if (beginning) return this.#turn(signal => this.#open(beginning, signal));
    try {
      // To be let in by others takes its time: only the log is gone on with at once.
      await this.#turn(signal => this.#open({ kind: "resume", managers: [] }, signal));
    } catch (error) {
      const fault = asFault(error);
      const isLogUnusable = fault.code === "not_found" || fault.code === "data_loss";
      if (!isLogUnusable || this.#options.others().length === 0) throw error;
      if (fault.code === "not_found" && !this.#options.hasBegunLog()) this.#take();
      else this.#waitForOthers(fault);
    }
  }

  /** Follows a change of role. */
  follow(role: Caller["role"]): void {
    this.#options.log.info("this node has another role", { role });
    if (role === "manager") this.#take();
    else this.empty().catch(error => this.#options.log.warn("cannot remove the log of a former manager", { error }));
  }

  /** Stops the manager and forgets its log. */
  empty(): Promise<void> {
    return this.#turn(async () => {
      await this.#quit();
      await this.#options.disk.remove(this.#options.directory);
    });
  }

  /** Stops the manager. */
  stop(): Promise<void> {
    return this.#turn(() => this.#quit());
  }

  /** The others have to remove this one from the quorum first, which they do when it is demoted. */
  #waitForOthers({ code, message, cause }: Fault): void {
    this.#options.log.error("this manager cannot use its log", { reason: message });
    this.#become({ at: "failed", fault: new Fault(code, `${message}. ${texts.howToRejoin}`, { cause }) });
  }

  /** Becomes a manager in the background, trying until it works. */
  #take(): void {
    void this.#turn(signal => this.#openUntilDone(signal));
  }

  /** Takes its turn after what is under way, which is given up. */
  #turn<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#giveUp.abort();
    this.#giveUp = new AbortController();
    const { signal } = this.#giveUp;
    return this.#turns.run(() => run(signal));
  }

  async #openUntilDone(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options;
    if (this.#state.at === "empty") this.#become({ at: "waiting", fault: undefined });
    for (let attempt = 1; this.#state.at === "waiting" && !signal.aborted; attempt++) {
      try {
        await this.#open({ kind: "resume", managers: this.#options.others() }, signal);
      } catch (error) {
        if (signal.aborted) return;
        const fault = asFault(error);
        log.warn("cannot become a manager", { attempt, reason: fault.message });
        this.#become({ at: fault.code === "data_loss" ? "failed" : "waiting", fault });
        if (fault.code === "data_loss") return;
        await sleep(clock, backoffMs(backoff, attempt, random.float()), signal);
      }
    }
  }

  async #open(beginning: ManagerBeginning, given: AbortSignal): Promise<void> {
    let manager: M | undefined;
    const removed = new AbortController();
    const signal = AbortSignal.any([given, removed.signal]);
    const onRemoved = (): void => {
      removed.abort();
      if (manager) void this.#turns.run(() => this.#lose(manager));
    };
    try {
      manager = await this.#options.open(beginning, { signal, onRemoved });
    } catch (error) {
      if (!removed.signal.aborted) throw error;
      this.#lost();
      return;
    }
    this.#become({ at: "taken", manager });
    if (removed.signal.aborted) await this.#lose(manager);
    else if (given.aborted) await this.#quit();
  }

  async #lose(manager: M | undefined): Promise<void> {
    if (this.#state.at !== "taken" || this.#state.manager !== manager) return;
    await this.#quit();
    this.#lost();
  }

  #lost(): void {
    this.#options.log.error("this manager was removed from the quorum", {});
    this.#become({ at: "lost" });
  }

  async #quit(): Promise<void> {
    const { manager } = this;
    this.#become({ at: "empty" });
    await manager?.stop();
  }

  #become(state: State<M>): void {
    const before = this.manager;
    this.#state = state;
    if (state.at === "taken") this.#tellTaken();
    if (before !== this.manager) this.#options.onChange();
  }
}
