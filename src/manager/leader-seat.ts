import { type Leadership, noLeader } from "../consensus/leadership.ts";
import { Bell, onAbort } from "../lib/bell.ts";
import { Fault } from "../lib/fault.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";

/** What the seat is for: see `LeaderUnit`. */
export interface Seated {
  start(): Promise<void>;
  silence(): void;
  stop(): Promise<void>;
}

/** How long a call waits until what it is for has been started. */
const servingPatienceMs = 3_000;
/** Before what could not be started is tried again, as long as this manager leads. */
const retryMs = 1_000;

interface Sitting<U> {
  readonly term: bigint;
  readonly unit: U;
  serves: boolean;
}

export interface LeaderSeatOptions<U> {
  readonly clock: Clock;
  readonly log: Logger;
  /** What to start for one reign. */
  readonly make: () => U;
  /** It cannot be led from here, ever. */
  readonly onBroken: (fault: Fault) => void;
}

/** Starts what only the leader does when this manager leads, stops it when not: never two at a time, however often that changes. */
export class LeaderSeat<U extends Seated> {
  readonly #options: LeaderSeatOptions<U>;
  readonly #waiting = new Set<Bell>();
  #wanted: bigint | undefined;
  #sitting: Sitting<U> | undefined;
  #isSettling = false;
  #settled: Promise<void> = Promise.resolve();
  #interrupt = new AbortController();

  constructor(options: LeaderSeatOptions<U>) {
    this.#options = options;
  }

  /** What is to be from now on. What was is silent when this returns; the rest follows. */
  set(leadership: Leadership): void {
    this.#wanted = leadership.kind === "leading" ? leadership.term : undefined;
    if (this.#sitting && this.#sitting.term !== this.#wanted) this.#sitting.unit.silence();
    this.#interrupt.abort();
    this.#interrupt = new AbortController();
    if (!this.#isSettling) this.#settled = this.#settle();
  }

  /** What serves now; undefined while nothing does. */
  get seated(): U | undefined {
    return this.#sitting?.serves && this.#sitting.term === this.#wanted ? this.#sitting.unit : undefined;
  }

  /** What serves in this reign, as soon as it does. Fault unavailable when that takes too long, or this manager does not lead. */
  async serving(signal: AbortSignal): Promise<U> {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + servingPatienceMs;
    const bell = new Bell();
    const timer = clock.after(servingPatienceMs, () => bell.ring());
    const unhook = onAbort(signal, () => bell.ring());
    this.#waiting.add(bell);
    try {
      for (;;) {
        const { seated } = this;
        if (seated) return seated;
        if (this.#wanted === undefined || signal.aborted || clock.monotonic() >= deadline) throw noLeader();
        await bell.wait();
      }
    } finally {
      this.#waiting.delete(bell);
      timer.cancel();
      unhook();
    }
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.set({ kind: "none" });
    await this.#settled;
  }

  async #settle(): Promise<void> {
    this.#isSettling = true;
    while (this.#sitting?.term !== this.#wanted) {
      if (this.#sitting) await this.#leave(this.#sitting.unit);
      else if (this.#wanted !== undefined) await this.#take(this.#wanted);
    }
    this.#isSettling = false;
  }

  async #take(term: bigint): Promise<void> {
    const { make, clock, log, onBroken } = this.#options;
    const sitting = { term, unit: make(), serves: false };
    this.#sitting = sitting;
    try {
      await sitting.unit.start();
      sitting.serves = this.#wanted === term;
      this.#tell();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { signal } = this.#interrupt;
      await this.#leave(sitting.unit);
      if (this.#wanted !== term) return;
      log.warn("cannot begin to lead", { code: error.code, reason: error.message, retryMs });
      if (error.code === "data_loss") onBroken(error);
      await sleep(clock, retryMs, signal);
    }
  }

  async #leave(unit: U): Promise<void> {
    await unit.stop();
    this.#sitting = undefined;
    this.#tell();
  }

  #tell(): void {
    for (const bell of this.#waiting) bell.ring();
  }
}
