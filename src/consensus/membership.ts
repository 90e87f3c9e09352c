import { Fault } from "../lib/fault.ts";
import { Mutex } from "../lib/mutex.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { ConfigChange, MemberChange } from "../raft/config-change.ts";
import type { NodeId } from "../raft/entry.ts";
import type { AskResult } from "../raft/role.ts";
import type { Status } from "../raft/status.ts";
import { newRaftId } from "./beginning.ts";
import { type Leadership, noLeader } from "./leadership.ts";
import { encodeMember, type Member } from "./member.ts";
import type { MemberBook } from "./member-book.ts";

/** Entries that a learner may still lack when it gets its vote: it has them before it could matter. */
const promotionLag = 64n;
/** Milliseconds that a change waits for an earlier one, and a handing-over for its end. */
const patienceMs = 5_000;
const pollMs = 20;

export interface MembershipOptions {
  readonly ownId: NodeId;
  readonly book: MemberBook;
  readonly clock: Clock;
  readonly random: Random;
  readonly status: () => Status;
  readonly isReachable: (raftId: NodeId) => boolean;
  /** Resolves when the change is applied here. */
  readonly propose: (change: ConfigChange) => Promise<void>;
  readonly transfer: (to: NodeId) => AskResult | undefined;
  readonly leadership: () => Leadership;
}

/** Changes of the quorum, as the leader makes them: one after the other. */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #changes = new Mutex();
  #promoting = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  add(nodeId: string, address: string, isBlank: boolean): Promise<Member> {
    return this.#changes.run(async () => {
      this.#checkLeading();
      const { book, random } = this.#options;
      let known = book.ofNode(nodeId);
      // Its old id stands for votes and entries that it has no more: nobody may count on them.
      if (known && isBlank) {
        await this.#change("remove", known);
        known = undefined;
      }
      // What is known already is asked about too: one that leads no more may not have heard that this node was removed.
      const isTaken = (raftId: NodeId) => book.get(raftId) !== undefined || book.isRemoved(raftId);
      const member: Member = { raftId: known?.raftId ?? newRaftId(random, isTaken), nodeId, address };
      await this.#change(known ? "update" : "add-learner", member);
      return member;
    });
  }

  remove(nodeId: string, force: boolean): Promise<void> {
    return this.#changes.run(async () => {
      this.#checkLeading();
      const member = this.#options.book.ofNode(nodeId);
      if (!member) return;
      if (member.raftId === this.#options.ownId)
        throw new Fault("failed_precondition", "Cannot remove the leader from the quorum: it must hand over first");
      if (!force && this.#losesQuorumWithout(member.raftId))
        throw new Fault(
          "failed_precondition",
          "can't remove member from the raft: this would result in a loss of quorum",
        );
      await this.#change("remove", member);
    });
  }

  transferLeadership(): Promise<void> {
    return this.#changes.run(async () => {
      const { clock, transfer, leadership } = this.#options;
      if (leadership().kind !== "leading") return;
      const to = this.bestSuccessor();
      if (to === undefined) throw new Fault("unavailable", "Cannot hand over leadership: no other manager can take it");
      transfer(to);
      const deadline = clock.monotonic() + patienceMs;
      while (leadership().kind === "leading") {
        if (clock.monotonic() > deadline)
          throw new Fault("unavailable", "Cannot hand over leadership: the other manager did not take it");
        await sleep(clock, pollMs);
      }
    });
  }

  /** Gives members their vote that have caught up. To be called every now and then; does nothing on who does not lead. */
  promoteLearners(): void {
    if (this.#promoting || this.#options.leadership().kind !== "leading") return;
    const { configuration, peers, lastIndex } = this.#options.status();
    const ready = configuration.learners.find(id => {
      const peer = peers.get(id);
      return peer?.state === "replicate" && peer.match + promotionLag >= lastIndex;
    });
    const member = ready === undefined ? undefined : this.#options.book.get(ready);
    if (!member) return;
    this.#promoting = true;
    // It may be removed before its turn comes. With a vote it would be a member again, that nobody hears of.
    const isLearner = () => this.#options.status().configuration.learners.includes(member.raftId);
    // What fails here is tried again at the next call, by whoever leads then.
    void this.#changes
      .run(() => this.#change("add-voter", member, isLearner))
      .catch(() => {})
      .finally(() => {
        this.#promoting = false;
      });
  }

  /** Waits for a change that is under way to end; makes none when it is not due any more then. */
  async #change(kind: MemberChange["kind"], member: Member, isDue = () => true): Promise<void> {
    const { clock, propose } = this.#options;
    const change: ConfigChange = {
      transition: "auto",
      changes: [{ kind, id: member.raftId }],
      tag: 0n,
      context: encodeMember(member),
    };
    const deadline = clock.monotonic() + patienceMs;
    while (isDue()) {
      try {
        return await propose(change);
      } catch (error) {
        const isPending = error instanceof Fault && error.code === "aborted";
        if (!isPending || clock.monotonic() > deadline) throw error;
      }
      await sleep(clock, pollMs);
    }
  }

  #checkLeading(): void {
    if (this.#options.leadership().kind !== "leading") throw noLeader();
  }

  /** Whether those who would be left are too few that answer. */
  #losesQuorumWithout(raftId: NodeId): boolean {
    const { voters } = this.#options.status().configuration;
    if (!voters.includes(raftId)) return false;
    const left = voters.filter(id => id !== raftId);
    const reachable = left.filter(id => this.#options.isReachable(id)).length;
    return reachable < Math.floor(left.length / 2) + 1;
  }

  /** The other voter that has most of the log, of those that answer. */
  bestSuccessor(): NodeId | undefined {
    const { configuration, peers } = this.#options.status();
    let best: { readonly id: NodeId; readonly match: bigint } | undefined;
    for (const id of configuration.voters) {
      const match = peers.get(id)?.match;
      if (match === undefined || !this.#options.isReachable(id)) continue;
      if (!best || match > best.match) best = { id, match };
    }
    return best?.id;
  }
}
