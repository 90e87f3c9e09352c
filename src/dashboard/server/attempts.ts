/** Tokens that are none, from one address within `windowMs`: people mistype, programs guess. */
const mostFailures = 20;
/** Milliseconds from an address's first such token until it may try again. */
export const windowMs = 60_000;
/** Addresses and tokens that are remembered; the oldest ones are forgotten first. */
const mostRemembered = 1_000;

/**
 * Who may have a token checked. A token cannot be guessed (256 bits of it are a signature); what is kept small is what trying costs.
 * A token that was valid once is always checked, so that nobody who has a session suffers from a neighbour who guesses.
 */
export class Attempts {
  readonly #failures = new Map<string, { count: number; readonly untilMs: number }>();
  readonly #wereValid = new Set<string>();

  mayTry(address: string, token: string, nowMs: number): boolean {
    if (this.#wereValid.has(token)) return true;
    const { count, untilMs } = this.#failures.get(address) ?? { count: 0, untilMs: 0 };
    return untilMs <= nowMs || count < mostFailures;
  }

  /** Takes in what a check has said. */
  note(address: string, token: string, isValid: boolean, nowMs: number): void {
    if (isValid) {
      this.#wereValid.add(token);
      forgetOldest(this.#wereValid);
      return;
    }
    this.#wereValid.delete(token);
    const known = this.#failures.get(address);
    if (known && known.untilMs > nowMs) {
      known.count++;
      return;
    }
    this.#failures.delete(address);
    this.#failures.set(address, { count: 1, untilMs: nowMs + windowMs });
    forgetOldest(this.#failures);
  }
}

/** Both iterate in the order of insertion. */
function forgetOldest(of: Map<string, unknown> | Set<string>): void {
  for (const key of of.keys()) {
    if (of.size <= mostRemembered) return;
    of.delete(key);
  }
}
