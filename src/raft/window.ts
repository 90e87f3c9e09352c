import type { Index } from "./entry.ts";

/** Appends that are under way to one follower, bounded in number and in bytes. */
export class Window {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #underWay: { readonly last: Index; readonly bytes: number }[] = [];
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  /** Full as soon as a bound is reached: one message may exceed the bytes by its own size. */
  get isFull(): boolean {
    return this.#underWay.length >= this.#maxMessages || this.#bytes >= this.#maxBytes;
  }

  get messages(): number {
    return this.#underWay.length;
  }

  add(last: Index, bytes: number): void {
    this.#underWay.push({ last, bytes });
    this.#bytes += bytes;
  }

  /** Everything up to that index has arrived. */
  release(index: Index): void {
    let count = 0;
    for (const { last, bytes } of this.#underWay) {
      if (last > index) break;
      this.#bytes -= bytes;
      count += 1;
    }
    if (count > 0) this.#underWay.splice(0, count);
  }

  clear(): void {
    this.#underWay = [];
    this.#bytes = 0;
  }
}
