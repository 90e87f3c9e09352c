import { highest, type Index, lowest } from "./entry.ts";
import { Window } from "./window.ts";

/**
 * How a leader sends to one follower.
 *
 * - `probe`: where the logs agree is not known. One append, then wait for the answer (or the next heartbeat's).
 * - `replicate`: it is known. Appends go out as fast as the window lets them, and are taken to arrive.
 * - `snapshot`: the follower needs entries that are gone, and a snapshot is on its way. No appends meanwhile.
 */
export type ProgressState = "probe" | "replicate" | "snapshot";

/** What a leader knows of one member's log, and what it may send to it. */
export class Progress {
  readonly #window: Window;
  #state: ProgressState = "probe";
  #match: Index = 0n;
  #next: Index;
  #snapshotIndex: Index = 0n;
  #snapshotTicks = 0;
  /** A probe is out; wait. */
  #waiting = false;
  /** Something is to be sent even if there is nothing new: what was sent may be lost. */
  #nudged = false;
  /** The highest commit index that was sent along with an append. */
  #sentCommit: Index = 0n;
  /** Was heard of since the quorum was last checked. A new member counts as heard of, to have time to answer. */
  active = true;

  constructor(next: Index, window: { messages: number; bytes: number }) {
    this.#next = next;
    this.#window = new Window(window.messages, window.bytes);
  }

  get state(): ProgressState {
    return this.#state;
  }

  /** Known to be durable at the follower, and equal to the leader's log. */
  get match(): Index {
    return this.#match;
  }

  /** The next entry to send. */
  get next(): Index {
    return this.#next;
  }

  /** The snapshot that is on its way; 0 in other states. */
  get snapshotIndex(): Index {
    return this.#snapshotIndex;
  }

  /** Whether new entries may go out. */
  get hasRoom(): boolean {
    return this.#state === "replicate" ? !this.#window.isFull : this.#state === "probe" && !this.#waiting;
  }

  /** Whether an append must go out though there may be no new entries to put into it. */
  get isNudged(): boolean {
    return this.#nudged && (this.#state === "replicate" || this.hasRoom);
  }

  /** Whether the follower could commit more of what it was sent if it were told. */
  owesCommit(committed: Index): boolean {
    return this.#state === "replicate" && this.#sentCommit < lowest(committed, this.#next - 1n);
  }

  /** An append went out with that many entries. */
  sent(count: number, bytes: number, committed: Index): void {
    this.#nudged = false;
    if (this.#state === "probe") {
      this.#waiting = true;
      return;
    }
    this.#next += BigInt(count);
    this.#sentCommit = lowest(committed, this.#next - 1n);
    if (count > 0) this.#window.add(this.#next - 1n, bytes);
  }

  /** The follower holds everything up to there. Returns whether that is news. */
  accepted(index: Index, firstIndex: Index): boolean {
    const isNews = index > this.#match;
    if (isNews) this.#match = index;
    if (this.#next <= this.#match) this.#next = this.#match + 1n;
    if (this.#state === "replicate") this.#window.release(index);
    else if (this.#state === "probe" || this.#match + 1n >= firstIndex || this.#match >= this.#snapshotIndex)
      this.#replicate();
    return isNews;
  }

  /** The follower lacks the entry at `index`; the logs may agree at `hint`. Ignores what was answered before it knew better. */
  rejected(index: Index, hint: Index): void {
    if (this.#state === "replicate") {
      if (index <= this.#match) return;
      this.#probe(this.#match + 1n);
    } else if (this.#state === "probe" && index === this.#next - 1n) {
      this.#probe(highest(lowest(index, hint + 1n), this.#match + 1n));
    }
  }

  /** The follower answers, so what was sent and not answered may be lost: send something it has to answer. */
  heard(lastIndex: Index): void {
    this.active = true;
    this.#waiting = false;
    if (this.#match < lastIndex) this.#nudged = true;
  }

  /** What was sent did not arrive. */
  unreachable(): void {
    if (this.#state === "replicate") this.#probe(this.#match + 1n);
  }

  /** A snapshot went out. */
  sentSnapshot(index: Index): void {
    this.#become("snapshot", index + 1n);
    this.#snapshotIndex = index;
    this.#snapshotTicks = 0;
  }

  /** Waits for the next heartbeat's answer: there is nothing to send that would help. */
  pause(): void {
    this.#nudged = false;
    this.#waiting = true;
  }

  /** The snapshot arrived, or did not: see where the follower is once it is heard of. */
  snapshotEnded(delivered: boolean): void {
    if (this.#state !== "snapshot") return;
    this.#probe(delivered ? highest(this.#match, this.#snapshotIndex) + 1n : this.#match + 1n);
    this.#waiting = true;
  }

  /** A snapshot that nothing is heard of in that time is given up. */
  tick(snapshotPatienceTicks: number): void {
    if (this.#state !== "snapshot") return;
    this.#snapshotTicks += 1;
    if (this.#snapshotTicks >= snapshotPatienceTicks) this.snapshotEnded(false);
  }

  #probe(next: Index): void {
    this.#become("probe", next);
  }

  #replicate(): void {
    this.#become("replicate", this.#match + 1n);
  }

  #become(state: ProgressState, next: Index): void {
    this.#state = state;
    this.#next = next;
    this.#snapshotIndex = 0n;
    this.#waiting = false;
    this.#sentCommit = lowest(this.#sentCommit, this.#match);
    this.#window.clear();
  }
}
