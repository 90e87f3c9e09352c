import type { NetPart } from "../ports/net-ops.ts";

/** A look is put off for changes no longer than this, in milliseconds. */
export const patienceMs = 2_000;

/** What is to be looked at before anything is made. */
export interface Look {
  readonly parts: ReadonlySet<NetPart> | "everything";
  /** Whether a change that comes meanwhile goes first. */
  readonly canWait: boolean;
  /** When the doubts that it is to settle began, in monotonic milliseconds. */
  readonly since: number;
}

/**
 * What of this machine's networks may be other than it was left, our own changes included. A look takes longer than most changes, and
 * callers wait for those: so a change that is to be made goes first, and breaks a look off. Where changes never cease a look
 * gets its turn all the same.
 */
export class Doubts {
  #parts: Set<NetPart> | "everything" = "everything";
  /** To be looked at before anything else, as it is where nothing is known yet. */
  #isUrgent = true;
  #since: number | undefined;

  /** Whether any is left. */
  get remain(): boolean {
    return this.#parts === "everything" || this.#parts.size > 0;
  }

  has(parts: Iterable<NetPart>): boolean {
    const doubtful = this.#parts;
    return doubtful === "everything" || [...parts].some(part => doubtful.has(part));
  }

  add(parts: Iterable<NetPart> | "everything", now: number): void {
    this.#since ??= now;
    if (parts === "everything" || this.#parts === "everything") this.#parts = "everything";
    else for (const part of parts) this.#parts.add(part);
  }

  /** Everything, and nothing is made before. */
  insist(now: number): void {
    this.add("everything", now);
    this.#isUrgent = true;
  }

  /** What to look at now; undefined for nothing. That is in doubt no longer, unless it is put back. */
  take(now: number, isChangeWaiting: boolean): Look | undefined {
    if (!this.remain) return undefined;
    const since = this.#since ?? now;
    const canWait = !this.#isUrgent && now - since < patienceMs;
    if (canWait && isChangeWaiting) return undefined;
    const look: Look = { parts: this.#parts, canWait, since };
    this.#parts = new Set();
    this.#isUrgent = false;
    this.#since = undefined;
    return look;
  }

  /** The look was broken off, or failed. */
  putBack({ parts, canWait, since }: Look): void {
    this.add(parts, since);
    this.#since = Math.min(since, this.#since ?? since);
    this.#isUrgent ||= !canWait;
  }
}
