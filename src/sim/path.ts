import type { Clock } from "../ports/clock.ts";

/** Everything on its way between two simulated hosts, both directions alike: in order, late, or held back. */
export class SimPath {
  latencyMs = 0;
  /** The two hosts. */
  readonly ends: readonly [string, string];
  readonly #clock: Clock;
  #held: (() => void)[] | undefined;
  #lastArrival = 0;

  constructor(clock: Clock, ends: readonly [string, string]) {
    this.#clock = clock;
    this.ends = ends;
  }

  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** Runs `arrive` when the message has travelled: never at once, never before what was sent earlier. */
  deliver(arrive: () => void): void {
    if (this.#held) {
      this.#held.push(arrive);
      return;
    }
    const now = this.#clock.monotonic();
    const at = Math.max(now + this.latencyMs, this.#lastArrival);
    this.#lastArrival = at;
    // What was under way when the path went silent is lost and sent again after it heals, as TCP does.
    const land = (): void => (this.#held ? void this.#held.push(arrive) : arrive());
    if (at === now) queueMicrotask(land);
    else this.#clock.after(at - now, land);
  }

  /** From now on nothing arrives. */
  hold(): void {
    this.#held ??= [];
  }

  /** What was held back arrives now, in order. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const arrive of held) this.deliver(arrive);
  }
}
