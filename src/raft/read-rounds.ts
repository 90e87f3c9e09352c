import type { Core } from "./core.ts";
import type { Index, NodeId } from "./entry.ts";
import { quorumReached } from "./quorum.ts";

interface Read {
  readonly from: NodeId;
  readonly context: Uint8Array;
}

/** Reads that one round of heartbeats confirms together. */
interface Round {
  readonly number: bigint;
  readonly index: Index;
  readonly reads: readonly Read[];
}

/**
 * Linearizable reads without the log (dissertation, 6.4). A read is good once the state machine has applied what was committed
 * when the read came, provided that this node was still the leader then: a quorum has to say so in a round of heartbeats
 * that began afterwards. Whatever comes between two `Ready`s shares a round, and a later round confirms all before it.
 *
 * A new leader does not know what is committed until an entry of its own term is; until then reads wait.
 */
export class ReadRounds {
  readonly #core: Core;
  #waiting: Read[] = [];
  #rounds: Round[] = [];
  #last = 0n;
  /** The last round that each node confirmed. */
  readonly #confirmed = new Map<NodeId, bigint>();
  #pending = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** False when too many wait already. */
  add(from: NodeId, context: Uint8Array): boolean {
    if (this.#pending >= this.#core.limits.maxPendingReads) return false;
    this.#pending += 1;
    this.#waiting.push({ from, context });
    return true;
  }

  /** Starts a round for what waits; true when heartbeats must go out for it. */
  begin(): boolean {
    const { log, term } = this.#core;
    if (this.#waiting.length === 0 || log.term(log.committed) !== term) return false;
    this.#last += 1n;
    this.#rounds.push({ number: this.#last, index: log.committed, reads: this.#waiting });
    this.#waiting = [];
    return true;
  }

  /** What a heartbeat carries: the last round, while one is open. */
  get context(): Uint8Array {
    if (this.#rounds.length === 0) return new Uint8Array();
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, this.#last);
    return bytes;
  }

  /** A follower still takes this node for the leader, or did when it got that heartbeat. */
  confirmed(from: NodeId, context: Uint8Array): void {
    if (context.length !== 8) return;
    const round = new DataView(context.buffer, context.byteOffset).getBigUint64(0);
    if (round > (this.#confirmed.get(from) ?? 0n)) this.#confirmed.set(from, round);
  }

  /** Answers all rounds that a quorum has confirmed. */
  finish(): void {
    if (this.#rounds.length === 0) return;
    const { id: self, configuration } = this.#core;
    const reached = quorumReached(configuration, id => (id === self ? this.#last : (this.#confirmed.get(id) ?? 0n)));
    while (this.#rounds[0] && this.#rounds[0].number <= reached) {
      const { index, reads } = this.#rounds[0];
      this.#rounds.shift();
      this.#pending -= reads.length;
      for (const read of reads) this.#answer(read, index);
    }
  }

  #answer({ from, context }: Read, index: Index): void {
    const { id, outbox } = this.#core;
    if (from === id) this.#core.serveRead(index, context);
    else outbox.send({ type: "read-reply", ...this.#core.envelope(from), index, context });
  }
}
