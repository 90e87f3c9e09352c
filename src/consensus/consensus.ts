import { Fault } from "../lib/fault.ts";
import { type Clock, sleep, type Timer } from "../ports/clock.ts";
import type { Disk } from "../ports/disk.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Registration, Transport } from "../ports/transport.ts";
import { type Entry, type Index, nobody, type Snapshot, totalBytes } from "../raft/entry.ts";
import type { Message } from "../raft/message.ts";
import { Raft } from "../raft/raft.ts";
import type { Ready, Save, Standing } from "../raft/ready.ts";
import type { ProposeResult } from "../raft/role.ts";
import type { Status } from "../raft/status.ts";
import type { Proposal, Proposer } from "../store/proposer.ts";
import type { Store } from "../store/store.ts";
import { AddressSearch } from "./address-search.ts";
import { type Beginning, type Begun, begin } from "./beginning.ts";
import { inbox, memberRemoved } from "./inbox.ts";
import type { Journal } from "./journal.ts";
import { LatencyMeter, type LatencySummary } from "./latency.ts";
import { isSameLeadership, type Leadership, nobodyLeads, noLeader } from "./leadership.ts";
import type { Member, MemberStatus } from "./member.ts";
import { MemberBook } from "./member-book.ts";
import { Membership } from "./membership.ts";
import { paceOf, tickMs } from "./pace.ts";
import { snapshotTimeoutMs } from "./peer.ts";
import { Peers } from "./peers.ts";
import { refusal, stopping, uncertain } from "./proposal-faults.ts";
import { ReadBarrier } from "./read-barrier.ts";
import { Saver } from "./saver.ts";
import type { Sealer } from "./sealer.ts";
import { Snapshotter } from "./snapshotter.ts";
import { StateMachine } from "./state-machine.ts";
import { WaitingProposals } from "./waiting-proposals.ts";

/** Milliseconds of silence after which a leader shows a member as unreachable. */
const reachableMs = 3_000;
/** Bytes that tell the reads of one run from another's. */
const readPrefixBytes = 8;
/** Milliseconds that changes under way get when this manager stops. */
const closingMs = 1_000;
/** Milliseconds that another manager has to take over from one whose disk is full. */
const handOverMs = 1_000;

export interface ConsensusOptions {
  readonly store: Store;
  readonly disk: Disk;
  /** Directory of log and snapshots; nothing else may be in it. */
  readonly directory: string;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly transport: Transport;
  /** `address` is where other managers reach this one, HOST:PORT. */
  readonly self: { readonly nodeId: string; readonly address: string };
  readonly beginning: Beginning;
  /** Called at each change, in order. */
  readonly onLeadership: (leadership: Leadership) => void;
  /** Called once when this manager was removed from the quorum. */
  readonly onRemoved: () => void;
  /** Called once when the log cannot be written any more, or is found not to be what it was: this manager must stop serving. */
  readonly onBroken: (fault: Fault) => void;
}

/** For metrics and people. */
export interface ConsensusStatus {
  readonly raftId: bigint;
  readonly leadership: Leadership;
  readonly raft: Status;
  /** Batches of changes that this manager has proposed since it started. */
  readonly proposals: number;
  /** From proposing to having applied. */
  readonly commitLatency: LatencySummary;
  /** Of making saves durable. */
  readonly syncLatency: LatencySummary;
  readonly snapshotIndex: Index;
  readonly snapshotBytes: number;
}

/**
 * One manager's part in the log that all managers keep: drives raft, makes its saves durable, carries its messages, and
 * applies what is committed to the store, whose proposals it takes while it leads.
 */
export class Consensus implements Proposer {
  readonly raftId: bigint;
  /** What other members call; never to be forwarded to the leader. */
  readonly registrations: readonly Registration[];
  readonly #options: ConsensusOptions;
  readonly #journal: Journal;
  readonly #raft: Raft;
  readonly #book = new MemberBook();
  readonly #peers: Peers;
  readonly #saver: Saver;
  readonly #snapshotter: Snapshotter;
  readonly #membership: Membership;
  readonly #waiting = new WaitingProposals();
  readonly #machine: StateMachine;
  readonly #reads: ReadBarrier;
  readonly #commitLatency = new LatencyMeter();
  /** When each member was last heard of, by the monotonic clock. */
  readonly #heard = new Map<bigint, number>();
  #leadership: Leadership = nobodyLeads;
  #standing: Standing = { role: "follower", term: 0n, leader: nobody };
  #proposals = 0;
  #pumping = false;
  #pumpAgain = false;
  #timer: Timer | undefined;
  #closing = false;
  #ended = false;
  /** While the disk is full. */
  #diskFault: Fault | undefined;
  #wasTold = false;

  /** Reads the log and brings the store to where it is known to be committed. Who leads is told later. */
  static async open(options: ConsensusOptions): Promise<Consensus> {
    const { beginning, self, random } = options;
    const begun = await begin(options, beginning, self, random);
    const consensus = new Consensus(options, begun);
    consensus.#start();
    return consensus;
  }

  private constructor(options: ConsensusOptions, { journal, snapshot }: Begun) {
    const { store, clock, random, log, transport, self } = options;
    this.#options = options;
    this.#journal = journal;
    this.raftId = journal.identity.raftId;
    for (const peer of journal.identity.peers) this.#book.hint(peer);
    this.#machine = new StateMachine({ store, book: this.#book, waiting: this.#waiting });
    if (snapshot) this.#machine.restore(snapshot);
    this.#raft = new Raft({
      id: this.raftId,
      storage: journal.storage,
      applied: this.#machine.applied.index,
      random: () => random.float(),
      ...paceOf(store),
      // It is told how each one ended; this is for the case that it is not.
      snapshotPatienceTicks: (2 * snapshotTimeoutMs) / tickMs,
    });
    this.#peers = new Peers({
      ...{ transport, clock, random, ownAddress: self.address },
      find: raftId => this.#book.get(raftId),
      onUnreachable: raftId => this.#drive(() => this.#raft.unreachable(raftId)),
      onSnapshot: (raftId, delivered) => this.#drive(() => this.#snapshotEnded(raftId, delivered)),
      onRefused: (_, fault) => this.#refused(fault),
    });
    this.#saver = new Saver({
      ...{ journal, clock },
      onSaved: (saves, number) => this.#drive(() => this.#saved(saves, number)),
      onFull: fault => this.#drive(() => this.#diskFull(fault)),
      onBroken: fault => this.#break(fault),
    });
    this.#snapshotter = new Snapshotter({ store, book: this.#book, journal, clock, log, found: snapshot });
    this.#reads = new ReadBarrier(random.bytes(readPrefixBytes), context => this.#askRead(context));
    this.#membership = new Membership({
      ...{ clock, random, book: this.#book, ownId: this.raftId },
      status: () => this.#raft.status,
      isReachable: raftId => this.#isReachable(raftId),
      propose: change => this.#proposeAndApply(() => this.#raft.proposeConfigChange(change)),
      transfer: to => this.#drive(() => this.#raft.transferLeadership(to)),
      leadership: () => this.#leadership,
    });
    const search = new AddressSearch({ transport, book: this.#book, ownId: this.raftId });
    this.registrations = inbox({
      ...{ ownId: this.raftId, book: this.#book },
      receive: message => this.#receive(message),
      onStranger: (raftId, nodeId) => void search.find(raftId, nodeId),
    });
  }

  get leadership(): Leadership {
    return this.#leadership;
  }

  /** In order of their raft ids. */
  get members(): readonly MemberStatus[] {
    const { configuration, leader } = this.#raft.status;
    return this.#book.members.map(member => ({
      ...member,
      isLeader: member.raftId === leader,
      isReachable: this.#isReachable(member.raftId),
      isVoter: configuration.voters.includes(member.raftId),
    }));
  }

  /** Raft ids of members that are none any more; nobody may get them again. */
  get removedRaftIds(): readonly bigint[] {
    return this.#book.removed;
  }

  status(): ConsensusStatus {
    return {
      raftId: this.raftId,
      leadership: this.#leadership,
      raft: this.#raft.status,
      proposals: this.#proposals,
      commitLatency: this.#commitLatency.summary(),
      syncLatency: this.#saver.latency.summary(),
      snapshotIndex: this.#snapshotter.index,
      snapshotBytes: this.#snapshotter.bytes,
    };
  }

  /** Fault unavailable when this manager does not lead, or is handing leadership over. */
  nextIndex(): bigint {
    const { lastIndex, transferee } = this.#raft.status;
    if (this.#closing) throw stopping();
    if (this.#diskFault) throw this.#diskFault;
    if (this.#ended || this.#leadership.kind !== "leading" || transferee !== 0n) throw noLeader();
    return lastIndex + 1n;
  }

  async propose(batch: readonly Proposal[]): Promise<void> {
    const start = this.#options.clock.monotonic();
    this.#proposals += 1;
    await this.#proposeAndApply(() => {
      const result = this.#raft.propose(batch.map(({ bytes }) => bytes));
      if (result.kind === "appended")
        for (const [at, { request }] of batch.entries())
          this.#waiting.keep(result.firstIndex + BigInt(at), result.term, request);
      return result;
    });
    this.#commitLatency.observe(this.#options.clock.monotonic() - start);
  }

  /**
   * Resolves when reading the store shows every change that was answered anywhere before this call. On the leader alone: Fault
   * unavailable elsewhere, and when this manager turns out to lead no longer.
   */
  async readBarrier(): Promise<void> {
    if (this.#leadership.kind !== "leading") throw noLeader();
    await this.#reads.wait();
  }

  /**
   * Makes a node a member, or notes its new address. It gets the log first, and its vote as soon as it has caught up.
   * Faults: unavailable when this manager does not lead, aborted when other changes of membership take too long.
   */
  addMember(nodeId: string, address: string): Promise<Member> {
    return this.#membership.add(nodeId, address);
  }

  /**
   * Ends a node's membership; resolves when it is none. Faults: failed_precondition when that would lose the quorum and is not
   * forced, or when it is this manager itself; otherwise as `addMember`.
   */
  removeMember(nodeId: string, options: { readonly force?: boolean } = {}): Promise<void> {
    return this.#membership.remove(nodeId, options.force ?? false);
  }

  /** Hands leadership to the best other voter; resolves when this manager does not lead any more. Fault unavailable when that failed. */
  transferLeadership(): Promise<void> {
    return this.#membership.transferLeadership();
  }

  /** The state as it is applied here now, encoded as SwarmKit's Snapshot message: what a backup keeps. */
  capture(): Promise<Snapshot> {
    return this.#snapshotter.capture(this.#place);
  }

  /** Seals log and snapshots with the sealer's last key; nothing is left under the ones before when it resolves. */
  reseal(): Promise<void> {
    return this.#journal.reseal();
  }

  /** Finishes what is under way if that does not take long, leaves the conversation and lets go of the files. */
  async close(): Promise<void> {
    this.#closing = true;
    const late = new AbortController();
    await Promise.race([this.#waiting.idle(), sleep(this.#options.clock, closingMs, late.signal)]);
    late.abort();
    this.#end(stopping());
    await this.#saver.close();
    await this.#snapshotter.close();
    await this.#journal.close();
  }

  #start(): void {
    this.#options.store.attach(this);
    this.#drive(() => this.#followMembers());
    this.#scheduleTick();
  }

  get #place() {
    return { ...this.#machine.applied, configuration: this.#raft.configuration };
  }

  #scheduleTick(): void {
    this.#timer = this.#options.clock.after(tickMs, () => {
      this.#drive(() => this.#raft.tick());
      this.#membership.promoteLearners();
      if (!this.#ended) this.#scheduleTick();
    });
  }

  #receive(message: Message): void {
    if (this.#ended) throw new Fault("unavailable", "this manager is stopping");
    this.#heard.set(message.from, this.#options.clock.monotonic());
    this.#drive(() => this.#raft.receive(message));
  }

  /** Does something to raft, then whatever that makes ready. */
  #drive<T>(action: () => T): T | undefined {
    if (this.#ended) return undefined;
    try {
      const result = action();
      this.#pump();
      return result;
    } catch (error) {
      // Anything else is a mistake in the program, and ends it.
      if (!(error instanceof Fault)) throw error;
      this.#break(error);
      return undefined;
    }
  }

  /** A snapshot weighs as much as the whole state: its bytes stay in memory only while somebody is sent them. */
  #snapshotEnded(raftId: bigint, delivered: boolean): void {
    this.#raft.snapshotEnded(raftId, delivered);
    const peers = [...this.#raft.status.peers.values()];
    if (!peers.some(({ state }) => state === "snapshot")) this.#journal.forgetSnapshot();
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
        for (let ready = this.#raft.ready(); ready; ready = this.#raft.ready()) this.#handle(ready);
      } while (this.#pumpAgain);
    } finally {
      this.#pumping = false;
    }
    this.#tellLeadership();
  }

  #handle({ number, standing, messages, save, committed, reads }: Ready): void {
    if (standing) this.#standing = standing;
    if (save) this.#saver.add(number, save);
    // Whoever waits for a change is told before the others are that it is committed.
    const isReconfigured = this.#apply(committed);
    this.#reads.advance(reads, this.#machine.applied.index);
    for (const message of messages) this.#peers.send(message);
    // A member that was removed hears of it first.
    if (isReconfigured) this.#followMembers();
  }

  /** Returns whether another membership is in force. */
  #apply(page: readonly Entry[]): boolean {
    const last = page.at(-1);
    if (!last) return false;
    for (const entry of page) this.#machine.apply(entry);
    const configuration = this.#raft.applied(last.index);
    if (configuration && last.kind === "config") this.#machine.changeMembers(last);
    // Whoever waited may read at once, so everything is in place before anybody is told.
    for (const entry of page) this.#waiting.settle(entry);
    this.#snapshotter.grown(totalBytes(page), this.#place);
    return configuration !== undefined;
  }

  #saved(saves: readonly Save[], lastNumber: number): void {
    this.#diskFault = undefined;
    for (const { snapshot } of saves) {
      if (!snapshot) continue;
      this.#machine.restore(snapshot);
      this.#snapshotter.restart(snapshot);
    }
    this.#raft.persisted(lastNumber);
    if (saves.some(({ snapshot }) => snapshot)) this.#followMembers();
  }

  /** Keeps in touch with whoever is a member now. */
  #followMembers(): void {
    const { members } = this.#book;
    const others = members.map(({ raftId }) => raftId).filter(raftId => raftId !== this.raftId);
    if (members.length > 0) this.#peers.keepOnly(others);
    if (this.#book.isRemoved(this.raftId)) this.#tellRemoved();
    const { voters } = this.#raft.configuration;
    // Nobody else could lead: there is nothing to wait for.
    if (voters.length === 1 && voters[0] === this.raftId) this.#raft.campaign();
  }

  async #proposeAndApply(propose: () => ProposeResult): Promise<void> {
    if (this.#ended) throw noLeader();
    const result = this.#drive(() => {
      const outcome = propose();
      return outcome.kind === "appended"
        ? { waiting: this.#waiting.applied(outcome.lastIndex, outcome.term) }
        : outcome;
    });
    // It broke on the way, and others may have heard of the change by then.
    if (!result) throw uncertain();
    if ("waiting" in result) await result.waiting;
    else throw result.kind === "refused" ? refusal(result) : noLeader();
  }

  #askRead(context: Uint8Array): Fault | undefined {
    const result = this.#drive(() => this.#raft.readIndex(context));
    if (!result) return noLeader();
    return result.kind === "refused" ? noLeader() : undefined;
  }

  #tellLeadership(): void {
    const now = this.#currentLeadership();
    if (isSameLeadership(now, this.#leadership)) return;
    const before = this.#leadership;
    this.#leadership = now;
    if (before.kind === "leading") this.#failAll(uncertain());
    const leader = now.kind === "following" ? now.leader.nodeId : undefined;
    this.#options.log.info("leadership changed", {
      now: now.kind,
      term: this.#standing.term,
      ...(leader && { leader }),
    });
    this.#options.onLeadership(now);
  }

  #currentLeadership(): Leadership {
    const { role, term, leader } = this.#standing;
    if (this.#ended) return nobodyLeads;
    if (role === "leader") return this.#machine.applied.term === term ? { kind: "leading", term } : nobodyLeads;
    const member = this.#book.get(leader);
    return member ? { kind: "following", leader: member } : nobodyLeads;
  }

  #failAll(fault: Fault): void {
    this.#waiting.failAll(fault);
    this.#reads.failAll(fault);
  }

  #isReachable(raftId: bigint): boolean {
    if (raftId === this.raftId) return true;
    if (!this.#peers.isConnected(raftId)) return false;
    if (this.#leadership.kind !== "leading") return true;
    const heard = this.#heard.get(raftId);
    return heard !== undefined && this.#options.clock.monotonic() - heard < reachableMs;
  }

  /** Others can go on without this manager's disk; it only cannot promise them anything. */
  #diskFull(fault: Fault): void {
    this.#diskFault = fault;
    this.#failAll(new Fault("unavailable", `${fault.message}; it is not known whether the change was made`));
    this.#options.log.error("the disk is full: this manager cannot lead or vote until it has room", {
      reason: fault.message,
    });
    const successor = this.#membership.bestSuccessor();
    if (this.#standing.role !== "leader" || successor === undefined) {
      this.#raft.stepDown();
      return;
    }
    // Handed over, leadership is missed for a moment only; but the other may not take it.
    this.#raft.transferLeadership(successor);
    this.#options.clock.after(handOverMs, () =>
      this.#drive(() => {
        if (this.#diskFault) this.#raft.stepDown();
      }),
    );
  }

  #refused(fault: Fault): void {
    if (fault.code === "not_found" && fault.message.includes(memberRemoved)) this.#tellRemoved();
  }

  #tellRemoved(): void {
    if (this.#wasTold || this.#ended) return;
    this.#wasTold = true;
    this.#options.log.warn("this manager was removed from the quorum");
    this.#options.onRemoved();
  }

  #break(fault: Fault): void {
    if (this.#ended) return;
    this.#options.log.error("this manager cannot go on", { reason: fault.message });
    this.#end(fault);
    this.#options.onBroken(fault);
  }

  #end(fault: Fault): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    this.#peers.close();
    this.#failAll(fault);
    this.#tellLeadership();
  }
}
