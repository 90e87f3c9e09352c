import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { asFault } from "../lib/fault.ts";
import { type Clock, sleep, type Timer } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { NetOps, NetPart } from "../ports/net-ops.ts";
import type { Random } from "../ports/random.ts";
import { LookBudget } from "./look-budget.ts";

/** What changes within so many milliseconds is looked at together: a change seldom comes alone. */
const settleMs = 200;
/**
 * Between tries to be told of changes, which begin anew with what has run for `workedMs`: `nft monitor` (1.0.6) is killed by some of the
 * changes that it is to tell of, and what comes right after them is not to go unseen.
 */
const retryBackoff: Backoff = { firstMs: 100, longestMs: 60_000 };
const workedMs = 5_000;
/** After so many tries in a row it is said that nobody tells of changes. */
const manyFailures = 4;

export interface DriftWatchOptions {
  readonly ops: Pick<NetOps, "watch">;
  readonly prefixes: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /**
   * This may be other than it was left, by ourselves or by somebody else: resolves when that has been looked at, with how long the look
   * took, in milliseconds.
   */
  readonly onDrift: (parts: ReadonlySet<NetPart>) => Promise<number>;
}

/**
 * Has a node's networks looked at soon after this machine's have changed, however often that is in a bounded share of the time.
 * Where nothing tells of changes, they are found when everything is compared.
 */
export class DriftWatch {
  readonly #options: DriftWatchOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #pending = new Set<NetPart>();
  #timer: Timer | undefined;
  #isLooking = false;
  readonly #budget = new LookBudget();

  constructor(options: DriftWatchOptions) {
    this.#options = options;
  }

  /** Begins, unless it has. */
  start(): void {
    if (!this.#stopping.signal.aborted) this.#running ??= this.#run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { ops, prefixes, clock, random, log } = this.#options;
    for (let failures = 0; !signal.aborted; ) {
      const began = clock.monotonic();
      const watching = ops.watch(prefixes, part => this.#note(part), signal).then(() => undefined, asFault);
      // Nobody told of what has happened before.
      if (failures > 0) for (const part of ["rules", "links"] as const) this.#note(part);
      const fault = await watching;
      if (signal.aborted) return;
      failures = clock.monotonic() - began < workedMs ? failures + 1 : 1;
      const isHopeless = fault?.code === "failed_precondition";
      if (isHopeless || failures === manyFailures)
        log.info("changes that others make to this node's networks are seen only once a minute", {
          reason: fault?.message,
        });
      if (isHopeless) return;
      await sleep(clock, backoffMs(retryBackoff, failures, random.float()), signal);
    }
  }

  #note(part: NetPart): void {
    this.#pending.add(part);
    this.#plan();
  }

  #plan(): void {
    if (this.#timer || this.#isLooking || this.#stopping.signal.aborted) return;
    const { clock } = this.#options;
    const waitMs = Math.max(settleMs, this.#budget.waitMs(clock.monotonic()));
    this.#timer = clock.after(waitMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { clock, onDrift } = this.#options;
    const parts = this.#pending;
    this.#pending = new Set();
    this.#timer = undefined;
    this.#isLooking = true;
    const tookMs = await onDrift(parts);
    this.#budget.spend(tookMs, clock.monotonic());
    this.#isLooking = false;
    if (this.#pending.size > 0) this.#plan();
  }
}
