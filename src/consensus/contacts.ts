import type { Clock } from "../ports/clock.ts";
import type { NodeId } from "../raft/entry.ts";

/** Milliseconds of silence after which a leader takes a member for unreachable. */
const silenceMs = 3_000;

/** When each member was last heard of. */
export class Contacts {
  readonly #clock: Clock;
  /** By the monotonic clock. */
  readonly #heard = new Map<NodeId, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  heard(raftId: NodeId): void {
    this.#heard.set(raftId, this.#clock.monotonic());
  }

  /** Whether a member that has reason to speak has done so lately. */
  isInTouch(raftId: NodeId): boolean {
    const heard = this.#heard.get(raftId);
    return heard !== undefined && this.#clock.monotonic() - heard < silenceMs;
  }
}
