import { votersOf } from "./configuration.ts";
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
  readonly #votes = new Map<NodeId, boolean>();

  constructor(core: Core, campaign: Campaign) {
    this.kind = campaign === "pre-vote" ? "pre-candidate" : "candidate";
    this.#core = core;
    this.#campaign = campaign;
  }

  /**
   * A vote is asked for only once this node's own is durable, as is the log that it describes. Otherwise it could crash, come
   * back with a shorter log, stand again in the same term, and win with votes that were given to the longer one.
   */
  start(): void {
    const { log, outbox, id, configuration } = this.#core;
    const isTrial = this.kind === "pre-candidate";
    for (const to of votersOf(configuration)) {
      if (to === id) continue;
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
    if (isTrial) this.#count(id, true);
  }

  tick(): void {
    this.#core.wait();
  }

  receive(message: TermedMessage): void {
    const stage = this.kind === "pre-candidate" ? "pre-vote" : "vote";
    if (message.type === "vote-reply" && message.stage === stage) this.#count(message.from, message.granted);
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

  applied(): void {}
  flush(): void {}

  #count(voter: NodeId, granted: boolean): void {
    const core = this.#core;
    if (this.#votes.has(voter)) return;
    this.#votes.set(voter, granted);
    const result = verdict(core.configuration, id => this.#votes.get(id));
    if (result === "lost") core.follow(core.term, nobody);
    else if (result === "won" && this.kind === "pre-candidate") core.campaign("vote");
    else if (result === "won") core.lead();
  }
}

const noLeader = refused("no leader", "an election is under way");
