import { Fault } from "../lib/fault.ts";
import { type Entry, nobody } from "../raft/entry.ts";
import type { Message } from "../raft/message.ts";
import type { Raft } from "../raft/raft.ts";
import type { ReadState, Ready, Save, Standing } from "../raft/ready.ts";

/** What raft cannot do by itself. The rules for the order are those of `Ready`, and of `RaftDriver`. */
export interface RaftHands {
  /** `afterSends`: what was sent before is to be on its way first. */
  readonly save: (number: number, save: Save, afterSends: boolean) => void;
  /** Applies entries, and tells raft. Returns whether another membership is in force. */
  readonly apply: (entries: readonly Entry[]) => boolean;
  readonly answer: (reads: readonly ReadState[]) => void;
  readonly send: (message: Message) => void;
  readonly followMembers: () => void;
  /** Nothing more is ready. */
  readonly settled: () => void;
  /** Raft cannot go on; `run` does nothing any more. */
  readonly broken: (fault: Fault) => void;
}

/** Does things to raft, and after each of them whatever that has made ready. */
export class RaftDriver {
  readonly raft: Raft;
  readonly #hands: RaftHands;
  #standing: Standing = { role: "follower", term: 0n, leader: nobody };
  #pumping = false;
  #pumpAgain = false;
  #ended = false;

  constructor(raft: Raft, hands: RaftHands) {
    this.raft = raft;
    this.#hands = hands;
  }

  /** Who leads, as raft has said last. */
  get standing(): Standing {
    return this.#standing;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** Undefined when it has ended, or does so by this. */
  run<T>(action: (raft: Raft) => T): T | undefined {
    if (this.#ended) return undefined;
    try {
      const result = action(this.raft);
      this.#pump();
      return result;
    } catch (error) {
      // Anything else is a mistake in the program, and ends it.
      if (!(error instanceof Fault)) throw error;
      this.#hands.broken(error);
      return undefined;
    }
  }

  end(): void {
    this.#ended = true;
  }

  /** Listeners of the store may come back here while it is told of a change: then this goes round once more. */
  #pump(): void {
    if (this.#pumping) {
      this.#pumpAgain = true;
      return;
    }
    this.#pumping = true;
    try {
      do {
        this.#pumpAgain = false;
        for (let ready = this.raft.ready(); ready; ready = this.raft.ready()) this.#handle(ready);
      } while (this.#pumpAgain);
    } finally {
      this.#pumping = false;
    }
    this.#hands.settled();
  }

  #handle({ number, standing, messages, save, committed, reads }: Ready): void {
    const hands = this.#hands;
    if (standing) this.#standing = standing;
    // The others work on a leader's new entries while it writes them down itself (dissertation, 10.2.1).
    const sendsFirst = save !== undefined && this.#standing.role === "leader" && committed.length === 0;
    if (sendsFirst) for (const message of messages) hands.send(message);
    if (save) hands.save(number, save, sendsFirst && messages.length > 0);
    // Whoever waits for a change is told before the others are that it is committed.
    const isReconfigured = committed.length > 0 && hands.apply(committed);
    hands.answer(reads);
    if (!sendsFirst) for (const message of messages) hands.send(message);
    // A member that was removed hears of it first.
    if (isReconfigured) hands.followMembers();
  }
}
