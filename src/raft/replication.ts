import { type Configuration, membersOf } from "./configuration.ts";
import type { Core } from "./core.ts";
import { type Entry, type Index, lowest, type NodeId, totalBytes } from "./entry.ts";
import type { AppendAccepted, AppendRejected } from "./message.ts";
import { Progress } from "./progress.ts";
import { quorumReached, verdict } from "./quorum.ts";

/** A leader's knowledge of everybody's log, and the sending of its own. */
export class Replication {
  readonly #core: Core;
  readonly #members = new Map<NodeId, Progress>();
  #configuration: Configuration | undefined;

  constructor(core: Core) {
    this.#core = core;
    this.configure();
  }

  /** One of the members, this node among them. */
  of(id: NodeId): Progress | undefined {
    return this.#members.get(id);
  }

  get members(): ReadonlyMap<NodeId, Progress> {
    return this.#members;
  }

  /** Everybody but this node. */
  *peers(): Iterable<[NodeId, Progress]> {
    for (const member of this.#members) if (member[0] !== this.#core.id) yield member;
  }

  /**
   * Follows the membership in force, and returns whether it is another one: forgets who left, and starts to probe who came. Who left
   * was told that this is committed before it was handed out for applying (`flush`).
   */
  configure(): boolean {
    const { configuration, log, limits } = this.#core;
    if (configuration === this.#configuration) return false;
    this.#configuration = configuration;
    const members = membersOf(configuration);
    for (const id of this.#members.keys()) if (!members.includes(id)) this.#members.delete(id);
    const window = { messages: limits.maxInflightMessages, bytes: limits.maxInflightBytes };
    for (const id of members) {
      if (!this.#members.has(id)) this.#members.set(id, new Progress(log.lastIndex + 1n, window));
    }
    this.persisted();
    return true;
  }

  /** This node's own log counts as far as it is durable. */
  persisted(): void {
    const { log, id } = this.#core;
    this.#members.get(id)?.accepted(log.durableIndex, log.firstIndex);
  }

  /** Returns whether the follower has more than was known. An index that was never sent is not believed. */
  accepted({ from, index }: AppendAccepted): boolean {
    const { log } = this.#core;
    const progress = this.#members.get(from);
    if (!progress || index > log.lastIndex) return false;
    progress.active = true;
    return progress.accepted(index, log.firstIndex);
  }

  /**
   * Goes back to where the logs may agree. The follower's hint skips what it has from terms after the one it was asked for;
   * this log skips what it has from terms after the hint's. Each round trip so passes at least one term and not one entry.
   */
  rejected({ from, index, hintIndex, hintTerm }: AppendRejected): void {
    const progress = this.#members.get(from);
    if (!progress) return;
    progress.active = true;
    const hint = hintTerm > 0n ? this.#core.log.lastPlaceWithin(hintIndex, hintTerm).index : hintIndex;
    progress.rejected(index, hint);
  }

  /**
   * Commits what a quorum holds, but counts only entries of its own term: an older one can be on a majority and still be
   * overwritten (Raft §5.4.2, figure 8). It gets committed by what comes after it.
   */
  commit(): void {
    const { log, term, configuration } = this.#core;
    const index = quorumReached(configuration, id => this.#members.get(id)?.match ?? 0n);
    if (index > log.committed && log.term(index) === term) log.commitTo(index);
  }

  /** Whether a quorum was heard of since the last time this was asked. */
  checkQuorum(): boolean {
    const { configuration, id: self } = this.#core;
    const result = verdict(configuration, id => id === self || this.#members.get(id)?.active === true);
    for (const progress of this.#members.values()) progress.active = false;
    return result === "won";
  }

  /**
   * Sends everybody what there is, as far as their windows let it. That an entry is committed is told along with the next ones, or by the
   * next heartbeat: nobody waits for a follower to apply it. Up to `urgent` it is told at once.
   */
  flush(urgent: Index): void {
    for (const [id, progress] of this.peers()) this.#bringUpToDate(id, progress, urgent);
  }

  #bringUpToDate(to: NodeId, progress: Progress, urgent: Index): void {
    const { log, limits } = this.#core;
    for (;;) {
      const hasNews = progress.hasRoom && progress.next <= log.lastIndex;
      if (!hasNews && !progress.isNudged && !progress.owesCommit(lowest(log.committed, urgent))) return;
      const entries = hasNews ? log.slice(progress.next, log.lastIndex, limits.maxMessageBytes) : [];
      const prevTerm = log.term(progress.next - 1n);
      if (entries === undefined || prevTerm === undefined) {
        this.#sendSnapshot(to, progress);
        return;
      }
      this.#sendAppend(to, progress, prevTerm, entries);
    }
  }

  #sendAppend(to: NodeId, progress: Progress, prevTerm: bigint, entries: readonly Entry[]): void {
    const { log, outbox } = this.#core;
    const commit: Index = log.committed;
    const prevIndex = progress.next - 1n;
    outbox.send({ type: "append", ...this.#core.envelope(to), prevIndex, prevTerm, entries, commit });
    progress.sent(entries.length, totalBytes(entries), commit);
  }

  /** Only to those who answer: a snapshot is too big to be sent to nobody. */
  #sendSnapshot(to: NodeId, progress: Progress): void {
    const { log, outbox } = this.#core;
    const snapshot = progress.active ? log.storedSnapshot() : undefined;
    if (!snapshot || snapshot.index < log.firstIndex - 1n) {
      progress.pause();
      return;
    }
    outbox.send({ type: "snapshot", ...this.#core.envelope(to), snapshot });
    progress.sentSnapshot(snapshot.index);
  }
}
