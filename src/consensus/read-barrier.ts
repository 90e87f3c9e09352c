import type { Fault } from "../lib/fault.ts";
import type { Index } from "../raft/entry.ts";
import type { ReadState } from "../raft/ready.ts";

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (fault: Fault) => void;
}

interface Round {
  readonly context: Uint8Array;
  readonly waiters: readonly Waiter[];
  /** What must be applied, once a quorum has confirmed the round. */
  index: Index | undefined;
}

/** Reads that may be served only when nobody else can lead: one round of heartbeats for all that came while the last was under way. */
export class ReadBarrier {
  /** Asks raft; a Fault for why it cannot be asked. */
  readonly #ask: (context: Uint8Array) => Fault | undefined;
  readonly #prefix: Uint8Array;
  #count = 0n;
  #waiting: Waiter[] = [];
  #round: Round | undefined;
  #scheduled = false;

  /** `prefix` makes the contexts of this run of the program its own: answers can be late. */
  constructor(prefix: Uint8Array, ask: (context: Uint8Array) => Fault | undefined) {
    this.#prefix = prefix;
    this.#ask = ask;
  }

  /** Resolves when everything that was committed at the time of this call is applied here. */
  wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#round || this.#scheduled) return;
      this.#scheduled = true;
      // Whatever else is asked for in this turn shares the round.
      queueMicrotask(() => {
        this.#scheduled = false;
        this.#begin();
      });
    });
  }

  /** Raft's answers, and how far this manager has applied the log. */
  advance(reads: readonly ReadState[], applied: Index): void {
    const round = this.#round;
    if (!round) return;
    for (const read of reads) if (isSame(read.context, round.context)) round.index = read.index;
    if (round.index === undefined || round.index > applied) return;
    this.#round = undefined;
    for (const { resolve } of round.waiters) resolve();
    this.#begin();
  }

  failAll(fault: Fault): void {
    const waiters = [...(this.#round?.waiters ?? []), ...this.#waiting];
    this.#round = undefined;
    this.#waiting = [];
    for (const { reject } of waiters) reject(fault);
  }

  #begin(): void {
    if (this.#round || this.#waiting.length === 0) return;
    const context = Buffer.alloc(this.#prefix.length + 8);
    context.set(this.#prefix);
    context.writeBigUInt64BE(++this.#count, this.#prefix.length);
    this.#round = { context, waiters: this.#waiting, index: undefined };
    this.#waiting = [];
    const fault = this.#ask(context);
    if (fault) this.failAll(fault);
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
