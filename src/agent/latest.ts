import type { Clock, Timer } from "../ports/clock.ts";

/** Passes texts on, the first at once, then the latest one so often at most. */
export class Latest {
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #say: (text: string) => void;
  #text: string | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, periodMs: number, say: (text: string) => void) {
    this.#clock = clock;
    this.#periodMs = periodMs;
    this.#say = say;
  }

  note(text: string): void {
    this.#text = text;
    if (!this.#timer) this.#pass();
  }

  /** What has not been said by now is old. */
  forget(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#text = undefined;
  }

  #pass(): void {
    const text = this.#text;
    this.#timer = undefined;
    if (text === undefined) return;
    this.#text = undefined;
    this.#timer = this.#clock.after(this.#periodMs, () => this.#pass());
    this.#say(text);
  }
}
