import { type Configuration, isVoter, votersOf } from "./configuration.ts";
import type { HardState, Index, NodeId, Term } from "./entry.ts";
import { nobody } from "./entry.ts";
import { RaftLog } from "./log.ts";
import { type Limits, limitsOf, type RaftOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import type { ReadState } from "./ready.ts";
import type { Role } from "./role.ts";

/** How a campaign is run: its trial, itself, or itself because the leader asked for it. */
export type Campaign = "pre-vote" | "vote" | "transfer";

/** A leader that is suspected to be dead, or not to exist, is so when that many heartbeats in a row are missed. */
const missedHeartbeats = 3;

/** Makes the roles; so that they need not know each other. */
export interface RoleMaker {
  follower(core: Core): Role;
  candidate(core: Core, campaign: Campaign, hopes: ReadonlySet<NodeId>): Role & { start(): void };
  leader(core: Core): Role & { start(): void };
}

/** What a node knows in every role, and how it changes from one to another. */
export class Core {
  readonly id: NodeId;
  readonly limits: Limits;
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly log: RaftLog;
  readonly outbox = new Outbox();
  readonly #random: () => number;
  readonly #roles: RoleMaker;
  #term: Term;
  #vote: NodeId;
  #leader: NodeId = nobody;
  #role: Role;
  /** Ticks since a leader was heard of, a vote was given or a campaign begun. */
  #elapsed = 0;
  #timeout = 0;
  /** For so many ticks yet a leader's silence is taken seriously soon. */
  #suspicion = 0;
  /** Has stood back for another candidate, and no leader has come of it yet. */
  #hasGivenWay = false;
  #reads: ReadState[] = [];
  /** The membership in force: of the last applied change. */
  configuration: Configuration;
  /** What a crash would leave. */
  durable: HardState;

  constructor(options: RaftOptions, roles: RoleMaker) {
    const { storage } = options;
    this.id = options.id;
    this.limits = limitsOf(options);
    this.electionTicks = options.electionTicks;
    this.heartbeatTicks = options.heartbeatTicks;
    this.log = new RaftLog(storage, options.applied ?? storage.firstIndex - 1n);
    this.#random = options.random;
    this.#roles = roles;
    this.configuration = storage.configuration;
    // A torn save can leave an entry of a term whose hard state it did not: then nothing was said in that term, no vote given.
    const { term, vote, commit } = storage.hardState;
    const isTorn = this.log.lastTerm > term;
    this.#term = isTorn ? this.log.lastTerm : term;
    this.#vote = isTorn ? nobody : vote;
    this.durable = { term, vote, commit };
    this.#role = roles.follower(this);
    this.#restartTimer();
  }

  get term(): Term {
    return this.#term;
  }

  get vote(): NodeId {
    return this.#vote;
  }

  /** Who leads in this term, as far as is known here. */
  get leader(): NodeId {
    return this.#leader;
  }

  get role(): Role {
    return this.#role;
  }

  get hardState(): HardState {
    return { term: this.#term, vote: this.#vote, commit: this.log.committed };
  }

  /** A leader was heard of within the shortest election timeout: nobody else is helped to lead (dissertation, 4.2.3). */
  get isInLease(): boolean {
    return this.#leader !== nobody && this.#elapsed < Math.min(this.electionTicks, this.#patience);
  }

  /**
   * Whether this node may stand for election: it is a voter, and in the membership it last heard to be committed. With an
   * older one it could win with a majority that does not count any more.
   */
  get mayCampaign(): boolean {
    if (this.#role.kind === "leader" || !isVoter(this.configuration, this.id) || this.log.pendingSnapshot) return false;
    return !this.log.hasUnappliedConfig(this.limits.maxPageBytes);
  }

  /** Where every message starts. */
  envelope(to: NodeId): { from: NodeId; to: NodeId; term: Term } {
    return { from: this.id, to, term: this.#term };
  }

  /** What election messages say beside. */
  get commitNews(): { commitIndex: Index; commitTerm: Term } {
    const { index, term } = this.log.commitPlace;
    return { commitIndex: index, commitTerm: term };
  }

  /** Becomes a follower, in this term or a later one. */
  follow(term: Term, leader: NodeId): void {
    if (term > this.#term) {
      this.#term = term;
      this.#vote = nobody;
      this.#hasGivenWay = false;
    }
    this.#leader = leader;
    this.#restartTimer();
    if (this.#role.kind !== "follower") this.#role = this.#roles.follower(this);
  }

  /** Stands for election, if it may. `hopes` are those who answered the trial. */
  campaign(campaign: Campaign, hopes: ReadonlySet<NodeId> = new Set()): void {
    if (!this.mayCampaign) return;
    this.#leader = nobody;
    this.#restartTimer();
    if (campaign !== "pre-vote") {
      this.#term += 1n;
      this.#vote = this.id;
    }
    const candidate = this.#roles.candidate(this, campaign, hopes);
    this.#role = candidate;
    candidate.start();
  }

  /** Won. */
  lead(): void {
    this.#leader = this.id;
    this.#restartTimer();
    const leader = this.#roles.leader(this);
    this.#role = leader;
    leader.start();
  }

  voteFor(candidate: NodeId): void {
    this.#vote = candidate;
    this.#restartTimer();
  }

  /** The leader is there. */
  heardLeader(): void {
    this.#elapsed = 0;
    this.#hasGivenWay = false;
  }

  /** One tick without a leader. After too many there is none, and this node stands for election if it may. */
  wait(): void {
    this.#elapsed += 1;
    if (this.#suspicion > 0) this.#suspicion -= 1;
    if (this.#elapsed < this.#patience) return;
    this.#leader = nobody;
    this.campaign("pre-vote");
  }

  /**
   * The connection to the leader broke: a trial begins at once. What the leader said just before it died may still come in and end
   * that trial, so for a while only a leader that goes on with its heartbeats is believed to live.
   */
  suspectLeader(): void {
    this.follow(this.#term, nobody);
    this.#suspicion = this.electionTicks;
    this.campaign("pre-vote");
  }

  /**
   * This election is not won, and waiting longer is in vain: the next one begins after a short while of chance, long enough for
   * another winner to make itself heard.
   */
  hurry(): void {
    const ticks = 1 + this.heartbeatTicks + Math.floor(this.#random() * 2 * this.heartbeatTicks);
    this.#timeout = Math.min(this.#timeout, this.#elapsed + ticks);
  }

  /** Ends its own trial in favour of another one; once only, for that one may be asking without ever hearing the answer. */
  giveWay(): void {
    if (this.#hasGivenWay) return;
    this.follow(this.#term, nobody);
    this.#hasGivenWay = true;
  }

  /** A read may be served here once `index` is applied. */
  serveRead(index: Index, context: Uint8Array): void {
    this.#reads.push({ index, context });
  }

  takeReads(): readonly ReadState[] {
    const reads = this.#reads;
    this.#reads = [];
    return reads;
  }

  /** Ticks of silence after which there is no leader. Who votes alone waits only for leaders of a membership that it has not heard of. */
  get #patience(): number {
    const isSuspect = this.#leader !== nobody && this.#suspicion > 0;
    const isAlone = votersOf(this.configuration).length === 1 && isVoter(this.configuration, this.id);
    return isSuspect || isAlone ? Math.min(missedHeartbeats * this.heartbeatTicks, this.#timeout) : this.#timeout;
  }

  #restartTimer(): void {
    this.#elapsed = 0;
    this.#timeout = this.electionTicks + Math.floor(this.#random() * this.electionTicks);
  }
}
