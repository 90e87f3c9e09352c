import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";

/** Everything on its way from one simulated host to another: in order, late, or held back. */
export class SimLane {
  readonly from: string;
  readonly to: string;
  /** Travel time in milliseconds: this, and up to `jitterMs` more. */
  latencyMs = 0;
  jitterMs = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  /** Why nothing arrives; several things can be wrong at once. */
  readonly #reasons = new Set<string>();
  readonly #held: (() => void)[] = [];
  /** What lands, in order, and what then arrives. */
  readonly #underWay = new Map<() => void, () => void>();
  #lastArrival = 0;

  constructor(options: { clock: Clock; random: Random; from: string; to: string }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.from = options.from;
    this.to = options.to;
  }

  get isHeld(): boolean {
    return this.#reasons.size > 0;
  }

  /** Runs `arrive` when the message has travelled: never at once, never before what was sent earlier. */
  deliver(arrive: () => void): void {
    if (this.isHeld) {
      this.#held.push(arrive);
      return;
    }
    const now = this.#clock.monotonic();
    const travelMs = this.latencyMs + (this.jitterMs > 0 ? this.jitterMs * this.#random.float() : 0);
    const at = Math.max(now + travelMs, this.#lastArrival);
    this.#lastArrival = at;
    const land = (): void => {
      if (this.#underWay.delete(land)) arrive();
    };
    this.#underWay.set(land, arrive);
    if (at === now) queueMicrotask(land);
    else this.#clock.after(at - now, land);
  }

  /** From now on nothing arrives, until each reason given is gone. What was under way is lost and sent again, as TCP does. */
  hold(reason: string): void {
    this.#reasons.add(reason);
    for (const arrive of this.#underWay.values()) this.#held.push(arrive);
    this.#underWay.clear();
  }

  /** One reason less; what was held back arrives, in order, when it was the last. */
  release(reason: string): void {
    if (!this.#reasons.delete(reason) || this.isHeld) return;
    for (const arrive of this.#held.splice(0)) this.deliver(arrive);
  }
}
