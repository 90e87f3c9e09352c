import { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";

/**
 * Refused attempts of one address within a window, after which it has to wait for the window's end. A stock engine makes
 * five of a single `docker swarm join`.
 */
export const maxFailures = 30;
export const windowMs = 60_000;
/** Addresses that are remembered; of more the one that failed longest ago is forgotten. */
export const maxAddresses = 4_096;

interface Failures {
  readonly sinceMs: number;
  readonly count: number;
}

/** Slows down who guesses join tokens. */
export class FailedJoins {
  readonly #clock: Clock;
  /** In order of the last failure. */
  readonly #byAddress = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Fault resource_exhausted when the address has failed too often lately. */
  check(address: string): void {
    const failures = this.#current(address);
    if (!failures || failures.count < maxFailures) return;
    const seconds = Math.ceil((failures.sinceMs + windowMs - this.#clock.monotonic()) / 1000);
    throw new Fault(
      "resource_exhausted",
      `Cannot join from ${address}: ${failures.count} attempts failed, try again in ${seconds} s`,
    );
  }

  /** Counts a refused attempt. True when it was the last one that the address has for now. */
  record(address: string): boolean {
    const { sinceMs, count } = this.#current(address) ?? { sinceMs: this.#clock.monotonic(), count: 0 };
    this.#byAddress.delete(address);
    this.#byAddress.set(address, { sinceMs, count: count + 1 });
    this.#forgetOldest();
    return count + 1 === maxFailures;
  }

  #forgetOldest(): void {
    if (this.#byAddress.size <= maxAddresses) return;
    for (const oldest of this.#byAddress.keys()) {
      this.#byAddress.delete(oldest);
      return;
    }
  }

  #current(address: string): Failures | undefined {
    const failures = this.#byAddress.get(address);
    return failures && this.#clock.monotonic() - failures.sinceMs < windowMs ? failures : undefined;
  }
}
