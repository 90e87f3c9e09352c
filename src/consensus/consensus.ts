import { defined } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import { sleep, type Timer } from "../ports/clock.ts";
import type { Registration } from "../ports/transport.ts";
import { type Entry, nobody, type Snapshot, totalBytes } from "../raft/entry.ts";
import type { Message } from "../raft/message.ts";
import { Raft } from "../raft/raft.ts";
import type { Save } from "../raft/ready.ts";
import { AddressSearch } from "./address-search.ts";
import { type Begun, begin } from "./beginning.ts";
import { Contacts } from "./contacts.ts";
import { FullDisk } from "./full-disk.ts";
import { inbox, memberRemoved } from "./inbox.ts";
import type { Journal } from "./journal.ts";
import { isSameLeadership, type Leadership, leadershipOf, nobodyLeads, noLeader } from "./leadership.ts";
import type { Member, MemberStatus } from "./member.ts";
import { MemberBook } from "./member-book.ts";
import { Membership } from "./membership.ts";
import type { ConsensusOptions } from "./options.ts";
import { paceOf, tickMs } from "./pace.ts";
import { snapshotTimeoutMs } from "./peer.ts";
import { Peers } from "./peers.ts";
import { stopping, uncertain } from "./proposal-faults.ts";
import { Proposals } from "./proposals.ts";
import { RaftDriver } from "./raft-driver.ts";
import { ReadBarrier } from "./read-barrier.ts";
import { Saver } from "./saver.ts";
import { Snapshotter } from "./snapshotter.ts";
import { StateMachine } from "./state-machine.ts";
import type { ConsensusStatus } from "./status.ts";
import { WaitingProposals } from "./waiting-proposals.ts";

/** Bytes that tell the reads of one run from another's. */
const readPrefixBytes = 8;
/** Milliseconds that changes under way get when this manager stops. */
const closingMs = 1_000;

/**
 * One manager's part in the log that all managers keep: drives raft, makes its saves durable, carries its messages, and
 * applies what is committed to the store, whose proposals it takes while it leads.
 */
export class Consensus {
  readonly raftId: bigint;
  /** What other members call; never to be forwarded to the leader. */
  readonly registrations: readonly Registration[];
  readonly #options: ConsensusOptions;
  readonly #journal: Journal;
  readonly #driver: RaftDriver;
  readonly #book = new MemberBook();
  readonly #contacts: Contacts;
  readonly #peers: Peers;
  readonly #saver: Saver;
  readonly #fullDisk: FullDisk;
  readonly #snapshotter: Snapshotter;
  readonly #membership: Membership;
  readonly #proposals: Proposals;
  readonly #waiting = new WaitingProposals();
  readonly #machine: StateMachine;
  readonly #reads: ReadBarrier;
  #leadership: Leadership = nobodyLeads;
  #timer: Timer | undefined;
  #closing = false;
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
    const raft = new Raft({
      id: this.raftId,
      storage: journal.storage,
      applied: this.#machine.applied.index,
      random: () => random.float(),
      ...paceOf(store),
      // It is told how each one ended; this is for the case that it is not.
      snapshotPatienceTicks: (2 * snapshotTimeoutMs) / tickMs,
    });
    this.#driver = new RaftDriver(raft, {
      save: (number, save, afterSends) => this.#saver.add(number, save, afterSends),
      apply: entries => this.#apply(entries),
      answer: reads => this.#reads.advance(reads, this.#machine.applied.index),
      send: message => this.#peers.send(message),
      followMembers: () => this.#followMembers(),
      settled: () => this.#tellLeadership(),
      broken: fault => this.#break(fault),
    });
    this.#contacts = new Contacts(clock);
    this.#peers = new Peers({
      ...{ transport, clock, random, ownAddress: self.address },
      find: raftId => this.#book.get(raftId),
      onUnreachable: raftId => this.#driver.run(raft => raft.unreachable(raftId)),
      onSnapshot: (raftId, delivered) => this.#driver.run(() => this.#snapshotEnded(raftId, delivered)),
      onRefused: (_, fault) => this.#refused(fault),
    });
    this.#saver = new Saver({
      ...{ journal, clock },
      onSaved: (saves, number) => this.#driver.run(() => this.#saved(saves, number)),
      onFull: fault => this.#driver.run(() => this.#fullDisk.full(fault)),
      onBroken: fault => this.#break(fault),
    });
    this.#snapshotter = new Snapshotter({ store, book: this.#book, journal, clock, log, found: snapshot });
    this.#reads = new ReadBarrier(random.bytes(readPrefixBytes), context => this.#askRead(context));
    this.#membership = new Membership({
      ...{ clock, random, book: this.#book, ownId: this.raftId },
      status: () => raft.status,
      isReachable: raftId => this.#isReachable(raftId),
      propose: change => this.#proposals.change(change),
      transfer: to => this.#driver.run(() => raft.transferLeadership(to)),
      leadership: () => this.#leadership,
    });
    this.#fullDisk = new FullDisk({
      ...{ driver: this.#driver, clock, log },
      successor: () => this.#membership.bestSuccessor(),
      failAll: fault => this.#failAll(fault),
    });
    this.#proposals = new Proposals({
      ...{ driver: this.#driver, waiting: this.#waiting, clock },
      objection: () => this.#objection(),
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
    const { configuration, leader } = this.#driver.raft.status;
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
      raft: this.#driver.raft.status,
      proposals: this.#proposals.count,
      commitLatency: this.#proposals.latency.summary(),
      syncLatency: this.#saver.latency.summary(),
      snapshotIndex: this.#snapshotter.index,
      snapshotBytes: this.#snapshotter.bytes,
    };
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
   * Makes a node a member, or notes its new address. It gets the log first, and its vote as soon as it has caught up. A blank
   * one, which has no log, gets an id that no member had before, whatever it was until now.
   * Faults: unavailable when this manager does not lead, aborted when other changes of membership take too long.
   */
  addMember(nodeId: string, address: string, options: { readonly isBlank?: boolean } = {}): Promise<Member> {
    return this.#membership.add(nodeId, address, options.isBlank ?? false);
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
    this.#options.store.attach(this.#proposals);
    this.#driver.run(() => this.#followMembers());
    this.#scheduleTick();
  }

  get #place() {
    return { ...this.#machine.applied, configuration: this.#driver.raft.configuration };
  }

  #scheduleTick(): void {
    this.#timer = this.#options.clock.after(tickMs, () => {
      this.#driver.run(raft => raft.tick());
      this.#membership.promoteLearners();
      if (!this.#driver.isEnded) this.#scheduleTick();
    });
  }

  #receive(message: Message): void {
    if (this.#driver.isEnded) throw new Fault("unavailable", "this manager is stopping");
    this.#contacts.heard(message.from);
    this.#driver.run(raft => raft.receive(message));
  }

  /** A snapshot weighs as much as the whole state: its bytes stay in memory only while somebody is sent them. */
  #snapshotEnded(raftId: bigint, delivered: boolean): void {
    const { raft } = this.#driver;
    raft.snapshotEnded(raftId, delivered);
    const peers = [...raft.status.peers.values()];
    if (!peers.some(({ state }) => state === "snapshot")) this.#journal.forgetSnapshot();
  }

  /** Returns whether another membership is in force. */
  #apply(page: readonly Entry[]): boolean {
    const last = defined(page.at(-1), "an entry");
    for (const entry of page) this.#machine.apply(entry);
    const configuration = this.#driver.raft.applied(last.index);
    if (configuration && last.kind === "config") this.#machine.changeMembers(last);
    // Whoever waited may read at once, so everything is in place before anybody is told.
    for (const entry of page) this.#waiting.settle(entry);
    this.#snapshotter.grown(totalBytes(page), this.#place);
    return configuration !== undefined;
  }

  #saved(saves: readonly Save[], lastNumber: number): void {
    this.#fullDisk.hasRoom();
    for (const { snapshot } of saves) {
      if (!snapshot) continue;
      this.#machine.restore(snapshot);
      this.#snapshotter.restart(snapshot);
    }
    this.#driver.raft.persisted(lastNumber);
    if (saves.some(({ snapshot }) => snapshot)) this.#followMembers();
  }

  /** Keeps in touch with whoever is a member now. */
  #followMembers(): void {
    const { members } = this.#book;
    const others = members.map(({ raftId }) => raftId).filter(raftId => raftId !== this.raftId);
    if (members.length > 0) this.#peers.keepOnly(others);
    if (this.#book.isRemoved(this.raftId)) this.#tellRemoved();
    const { raft } = this.#driver;
    const { voters } = raft.configuration;
    // Nobody else could lead: there is nothing to wait for.
    if (voters.length === 1 && voters[0] === this.raftId) raft.campaign();
  }

  /** Why changes are not taken now. */
  #objection(): Fault | undefined {
    if (this.#closing) return stopping();
    if (this.#fullDisk.fault) return this.#fullDisk.fault;
    const isHandingOver = this.#driver.raft.status.transferee !== nobody;
    return this.#leadership.kind !== "leading" || isHandingOver ? noLeader() : undefined;
  }

  #askRead(context: Uint8Array): Fault | undefined {
    const result = this.#driver.run(raft => raft.readIndex(context));
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
      term: this.#driver.standing.term,
      ...(leader && { leader }),
    });
    this.#options.onLeadership(now);
  }

  #currentLeadership(): Leadership {
    if (this.#driver.isEnded) return nobodyLeads;
    return leadershipOf(this.#driver.standing, this.#machine.applied.term, raftId => this.#book.get(raftId));
  }

  #failAll(fault: Fault): void {
    this.#waiting.failAll(fault);
    this.#reads.failAll(fault);
  }

  #isReachable(raftId: bigint): boolean {
    if (raftId === this.raftId) return true;
    if (!this.#peers.isConnected(raftId)) return false;
    return this.#leadership.kind !== "leading" || this.#contacts.isInTouch(raftId);
  }

  #refused(fault: Fault): void {
    if (fault.code === "not_found" && fault.message.includes(memberRemoved)) this.#tellRemoved();
  }

  #tellRemoved(): void {
    if (this.#wasTold || this.#driver.isEnded) return;
    this.#wasTold = true;
    this.#options.log.warn("this manager was removed from the quorum");
    this.#options.onRemoved();
  }

  #break(fault: Fault): void {
    if (this.#driver.isEnded) return;
    this.#options.log.error("this manager cannot go on", { reason: fault.message });
    this.#end(fault);
    this.#options.onBroken(fault);
  }

  #end(fault: Fault): void {
    if (this.#driver.isEnded) return;
    this.#driver.end();
    this.#timer?.cancel();
    this.#peers.close();
    this.#failAll(fault);
    this.#tellLeadership();
  }
}
