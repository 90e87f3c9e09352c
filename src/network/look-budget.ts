/** Looks take one of so many milliseconds in the long run. */
const share = 5;
/** How much of the time to come looks may have used up beforehand, in milliseconds: after a quiet while several may follow each other. */
const advanceMs = 10_000;
/** Least time between two looks, in milliseconds. */
const gapMs = 500;

/**
 * How often this machine may be looked at: whenever something has changed, as long as that is a bounded share of the time. The
 * node's own changes are looked at, too, and are not to put off the look at what somebody changes right after them.
 */
export class LookBudget {
  #endedAt = Number.NEGATIVE_INFINITY;
  /** When all looks so far have had no more than their share. */
  #evenAt = Number.NEGATIVE_INFINITY;

  /** A look that took `tookMs` has ended. */
  spend(tookMs: number, now: number): void {
    this.#endedAt = now;
    this.#evenAt = Math.max(this.#evenAt, now) + share * tookMs;
  }

  /** How long the next one waits. */
  waitMs(now: number): number {
    return Math.max(0, this.#endedAt + gapMs - now, this.#evenAt - advanceMs - now);
  }
}
