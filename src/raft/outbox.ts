import type { Message } from "./message.ts";

/** Messages on their way out. Some rest on something that must be durable first, and are held back until then. */
export class Outbox {
  #free: Message[] = [];
  /** Rest on what the next `Ready` will have saved, or an earlier one. */
  #bound: Message[] = [];
  /** Wait for the save of that number. */
  #held: { readonly number: number; readonly messages: readonly Message[] }[] = [];

  send(message: Message): void {
    this.#free.push(message);
  }

  /** Sent only once everything that is known now is durable. */
  sendWhenDurable(message: Message): void {
    this.#bound.push(message);
  }

  /** What may be sent now; `barrier` is the last save that is not durable yet, undefined when all are. */
  take(barrier: number | undefined): readonly Message[] {
    if (this.#bound.length > 0) {
      if (barrier === undefined) this.#free.push(...this.#bound);
      else this.#held.push({ number: barrier, messages: this.#bound });
      this.#bound = [];
    }
    const messages = this.#free;
    this.#free = [];
    return messages;
  }

  /** Saves up to that number are durable. */
  release(number: number): void {
    while (this.#held[0] && this.#held[0].number <= number) {
      this.#free.push(...this.#held[0].messages);
      this.#held.shift();
    }
  }
}
