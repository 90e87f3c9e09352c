import { assert } from "../lib/assert.ts";
import { Candidate } from "./candidate.ts";
import { applyChange, type ConfigChange } from "./config-change.ts";
import type { Configuration } from "./configuration.ts";
import { Core } from "./core.ts";
import { type Index, type NodeId, nobody, type Payload } from "./entry.ts";
import { Follower } from "./follower.ts";
import { Leader } from "./leader.ts";
import type { Message } from "./message.ts";
import type { RaftOptions } from "./options.ts";
import type { Ready, Standing } from "./ready.ts";
import { receive } from "./receive.ts";
import { type AskResult, type ProposeResult, refused } from "./role.ts";
import { SaveQueue } from "./save-queue.ts";
import { type Status, statusOf } from "./status.ts";
import { isTooLarge } from "./uncommitted.ts";

/**
 * One node of a Raft cluster, as a pure state machine: no I/O, no clock, no chance of its own. Its driver tells it of ticks,
 * messages and wishes, then asks for `ready()` and does what that says; see `Ready` for the order. After any call there may be
 * something ready.
 *
 * From Diego Ongaro, "Consensus: Bridging Theory and Practice" (the dissertation), with pre-vote, check-quorum and leases always
 * on. Memberships come into force where their entry is applied, as in etcd, so that both can be in one cluster.
 *
 * `receive` throws Fault data_loss when what it hears proves that somebody lost or changed what was durable. Going on would
 * spread the damage: the driver has to stop this node.
 */
export class Raft {
  readonly #core: Core;
  readonly #saves: SaveQueue;
  #standing: Standing | undefined;

  /** Fault data_loss when the storage lacks what it says is committed. */
  constructor(options: RaftOptions) {
    this.#core = new Core(options, {
      follower: core => new Follower(core),
      candidate: (core, campaign, hopes) => new Candidate(core, campaign, hopes),
      leader: core => new Leader(core),
    });
    this.#saves = new SaveQueue(options.storage.hardState);
  }

  /** The membership in force. After `applied` it is the one after that very entry, as a snapshot needs it. */
  get configuration(): Configuration {
    return this.#core.configuration;
  }

  get status(): Status {
    return statusOf(this.#core);
  }

  /** One unit of time has passed; how long that is, is the driver's business. */
  tick(): void {
    this.#core.role.tick();
  }

  /** A message came in. What is for another node is dropped: it may be for one that had this one's address before. */
  receive(message: Message): void {
    if (message.to === this.#core.id) receive(this.#core, message);
  }

  /** Wants data in the log, in order and next to each other. On a leader all of it or nothing. */
  propose(data: readonly Uint8Array[]): ProposeResult {
    return this.#propose(data.map(bytes => ({ kind: "data", data: bytes })));
  }

  /** Wants another membership. A leader takes one at a time. */
  proposeConfigChange(change: ConfigChange): ProposeResult {
    return this.#propose([{ kind: "config", change }]);
  }

  /**
   * Asks up to where the state machine must be for a read to be linearizable; the answer comes as a `ReadState` with this
   * context, or never (ask again after a while, and when the leader changes). A context must not have been used before on this
   * node, not even before a restart: answers can be late.
   */
  readIndex(context: Uint8Array): AskResult {
    return this.#core.role.read(this.#core.id, context);
  }

  /** Asks the leader to make that node the leader. It takes no proposals until that is done, or an election timeout has passed. */
  transferLeadership(to: NodeId): AskResult {
    return this.#core.role.transfer(to);
  }

  /** Stands for election now, if this node may. Others that hear from a leader will not help. */
  campaign(): void {
    if (this.#core.role.kind === "follower") this.#core.campaign("pre-vote");
  }

  /** Stops leading, because the driver cannot do what a leader must: its disk is full, say. */
  stepDown(): void {
    if (this.#core.role.kind === "leader") this.#core.follow(this.#core.term, nobody);
  }

  /**
   * A connection to that node broke, or what was sent did not arrive. If it leads, this is as good as an election timeout: a trial
   * election begins at once, which a leader that lives survives. To be said again as often as connecting to it fails.
   */
  unreachable(id: NodeId): void {
    const { role, leader } = this.#core;
    if (role instanceof Leader) role.replication.of(id)?.unreachable();
    else if (role.kind === "follower" && id === leader && leader !== nobody) this.#core.suspectLeader();
  }

  /** A snapshot to that node was delivered, or was not. Without this word the leader waits for `snapshotPatienceTicks`. */
  snapshotEnded(id: NodeId, delivered: boolean): void {
    const { role } = this.#core;
    if (role instanceof Leader) role.replication.of(id)?.snapshotEnded(delivered);
  }

  /** What is to be done now; undefined when nothing is. */
  ready(): Ready | undefined {
    const core = this.#core;
    core.role.flush();
    const committed = core.log.takeCommitted(core.limits.maxPageBytes, core.durable.commit);
    const { number, save } = this.#saves.next(core);
    const messages = core.outbox.take(this.#saves.barrier);
    const reads = core.takeReads();
    const standing = this.#newStanding();
    if (!save && !standing && messages.length === 0 && committed.length === 0 && reads.length === 0) return undefined;
    return { number, standing, messages, save, committed, reads };
  }

  /** The saves up to and including the one of that `Ready` are done, and show in the storage. */
  persisted(number: number): void {
    const core = this.#core;
    const durable = this.#saves.persisted(number);
    if (durable) core.durable = durable;
    core.log.persisted(number);
    core.outbox.release(number);
    core.role.persisted();
  }

  /**
   * The state machine has applied everything up to there. Returns the membership if that changed it.
   * A change that cannot be made is none, on every node alike.
   */
  applied(index: Index): Configuration | undefined {
    const core = this.#core;
    const config = core.log.appliedTo(index);
    const outcome = config && applyChange(core.configuration, config.change);
    if (outcome?.kind === "changed") core.configuration = outcome.configuration;
    core.role.applied();
    return outcome?.kind === "changed" ? outcome.configuration : undefined;
  }

  #propose(payloads: readonly Payload[]): ProposeResult {
    const { limits, role } = this.#core;
    assert(payloads.length > 0, "a proposal is of something");
    if (isTooLarge(payloads, limits)) return refused("too large", `an entry is at most ${limits.maxEntryBytes} bytes`);
    return role.propose(payloads);
  }

  #newStanding(): Standing | undefined {
    const { role, term, leader } = this.#core;
    const last = this.#standing;
    if (last && last.role === role.kind && last.term === term && last.leader === leader) return undefined;
    this.#standing = { role: role.kind, term, leader };
    return this.#standing;
  }
}
