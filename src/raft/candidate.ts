import { isVoter, votersOf } from "./configuration.ts";
import type { Campaign, Core } from "./core.ts";
import { type NodeId, nobody } from "./entry.ts";
import type { TermedMessage } from "./message.ts";
import { verdict } from "./quorum.ts";
import { type AskResult, type ProposeResult, type Role, refused } from "./role.ts";

/** Stands for election, or tries whether it would win (as a pre-candidate, still in the term before). */
export class Candidate implements Role {
  readonly kind: "pre-candidate" | "candidate";
  readonly #core: Core;
  readonly #campaign: Campaign;
  readonly #hopes: ReadonlySet<NodeId>;
  readonly #votes = new Map<NodeId, boolean>();
  #ticksSinceAsked = 0;

  constructor(core: Core, campaign: Campaign, hopes: ReadonlySet<NodeId>) {
    this.kind = campaign === "pre-vote" ? "pre-candidate" : "candidate";
    this.#core = core;
    this.#campaign = campaign;
    this.#hopes = hopes;
  }

  start(): void {
    this.#ask();
    if (this.kind === "pre-candidate") this.#count(this.#core.id, true);
  }

  /**
   * Asks everybody who has not answered yet. That is repeated like heartbeats are: requests get lost, and who still trusts the old
   * leader today says nothing and may help the next moment.
   *
   * A vote is asked for only once this node's own is durable, as is the log that it describes. Otherwise it could crash, come
   * back with a shorter log, stand again in the same term, and win with votes that were given to the longer one.
   */
  #ask(): void {
    this.#ticksSinceAsked = 0;
    const { log, outbox, id, configuration } = this.#core;
    const isTrial = this.kind === "pre-candidate";
    for (const to of votersOf(configuration)) {
      if (to === id || this.#votes.has(to)) continue;
      const envelope = this.#core.envelope(to);
      const request = {
        type: "vote-request",
        ...envelope,
        term: isTrial ? envelope.term + 1n : envelope.term,
        stage: isTrial ? "pre-vote" : "vote",
        lastIndex: log.lastIndex,
        lastTerm: log.lastTerm,
        ...this.#core.commitNews,
        transfer: this.#campaign === "transfer",
      } as const;
      if (isTrial) outbox.send(request);
      else outbox.sendWhenDurable(request);
    }
  }

  tick(): void {
    this.#ticksSinceAsked += 1;
    if (this.#ticksSinceAsked >= this.#core.heartbeatTicks) this.#ask();
    this.#core.wait();
  }

  /** What is granted to a trial says for which term, and may come from an earlier one. */
  receive(message: TermedMessage): void {
    const isTrial = this.kind === "pre-candidate";
    if (message.type !== "vote-reply" || message.stage !== (isTrial ? "pre-vote" : "vote")) return;
    if (isTrial && message.granted && message.term !== this.#core.term + 1n) return;
    this.#count(message.from, message.granted);
  }

  /** Its own vote counts like any other: once it is durable. */
  persisted(): void {
    const { durable, term, id } = this.#core;
    if (this.kind === "candidate" && durable.term === term && durable.vote === id) this.#count(id, true);
  }

  propose(): ProposeResult {
    return noLeader;
  }

  read(): AskResult {
    return noLeader;
  }

  transfer(): AskResult {
    return noLeader;
  }

  applied(): void {
    const { configuration, id, term } = this.#core;
    if (isVoter(configuration, id)) this.#conclude();
    else this.#core.follow(term, nobody);
  }

  flush(): void {}

  #count(voter: NodeId, granted: boolean): void {
    if (this.#votes.has(voter)) return;
    this.#votes.set(voter, granted);
    this.#conclude();
  }

  /** Votes bring news of what is committed. If that is another membership, it decides who has won, once it is in force. */
  #conclude(): void {
    const core = this.#core;
    const isTrial = this.kind === "pre-candidate";
    const result = verdict(core.configuration, id => this.#votes.get(id));
    if (result === "lost") core.follow(core.term, nobody);
    else if (result === "won" && core.mayCampaign) {
      if (isTrial) core.campaign("vote", new Set(this.#votes.keys()));
      else core.lead();
    }
    if ((result === "lost" && !isTrial) || (result === "open" && this.#isSplit)) core.hurry();
  }

  /** Whoever answered the trial has answered the election too. The others are dead or cut off; waiting for them is in vain. */
  get #isSplit(): boolean {
    return this.#hopes.size > 0 && [...this.#hopes].every(id => this.#votes.has(id));
  }
}

const noLeader = refused("no leader", "an election is under way");
