import { Fault } from "../lib/fault.ts";
import { applyChange, leaveJoint } from "./config-change.ts";
import { isJoint, isVoter } from "./configuration.ts";
import type { Core } from "./core.ts";
import { type Index, lowest, type NodeId, nobody, type Payload } from "./entry.ts";
import type { TermedMessage } from "./message.ts";
import { ReadRounds } from "./read-rounds.ts";
import { Replication } from "./replication.ts";
import { type AskResult, asked, type ProposeResult, type Role, refused } from "./role.ts";
import { isTooLarge, Uncommitted } from "./uncommitted.ts";

/** Takes proposals, replicates them, says what is committed, and gives up as soon as no quorum hears it. */
export class Leader implements Role {
  readonly kind = "leader";
  readonly replication: Replication;
  readonly #core: Core;
  readonly #reads: ReadRounds;
  readonly #uncommitted: Uncommitted;
  /** No second change of membership before everything up to here is applied. */
  #lastConfigIndex: Index;
  #transfer: { readonly to: NodeId; ticks: number; sent: boolean } | undefined;
  #ticksSinceHeartbeat = 0;
  #ticksSinceCheck = 0;

  constructor(core: Core) {
    this.#core = core;
    this.#reads = new ReadRounds(core);
    this.#uncommitted = new Uncommitted(core.limits.maxUncommittedBytes);
    this.replication = new Replication(core);
    // There may be a change anywhere in what is not applied yet; to treat all of it as one is simple and soon over.
    this.#lastConfigIndex = core.log.lastIndex;
  }

  /** Who is being made the leader. */
  get transferee(): NodeId {
    return this.#transfer?.to ?? nobody;
  }

  /** Opens the term with an empty entry, since only an entry of this term can show what is committed (Raft §8). */
  start(): void {
    this.#core.log.extend(this.#core.term, [{ kind: "data", data: new Uint8Array() }]);
  }

  tick(): void {
    this.#ticksSinceCheck += 1;
    if (this.#ticksSinceCheck >= this.#core.electionTicks) {
      this.#ticksSinceCheck = 0;
      if (!this.replication.checkQuorum()) {
        this.#core.follow(this.#core.term, nobody);
        return;
      }
    }
    if (this.#transfer && ++this.#transfer.ticks >= this.#core.electionTicks) this.#transfer = undefined;
    for (const [, progress] of this.replication.peers()) progress.tick(this.#core.limits.snapshotPatienceTicks);
    this.#ticksSinceHeartbeat += 1;
    if (this.#ticksSinceHeartbeat >= this.#core.heartbeatTicks) this.#sendHeartbeats();
  }

  receive(message: TermedMessage): void {
    switch (message.type) {
      case "append":
      case "heartbeat":
      case "snapshot":
        throw new Fault("data_loss", `Cannot go on: node ${message.from} leads in term ${message.term} too`);
      case "append-accepted":
        if (!this.replication.accepted(message)) break;
        this.replication.commit();
        this.#finishTransfer();
        break;
      case "append-rejected":
        this.replication.rejected(message);
        break;
      case "heartbeat-reply":
        this.replication.of(message.from)?.heard(this.#core.log.lastIndex);
        this.#reads.confirmed(message.from, message.context);
        this.#reads.finish();
        break;
      case "vote-request":
      case "vote-reply":
      case "timeout-now":
      case "read-reply":
        break; // Answers to what this node asked before it led.
      default:
        message satisfies never;
    }
  }

  propose(payloads: readonly Payload[]): ProposeResult {
    const { log, term, limits } = this.#core;
    this.#uncommitted.committed(log.committed);
    if (this.#transfer) return refused("transferring", `node ${this.#transfer.to} is to lead`);
    if (isTooLarge(payloads, limits)) return refused("too large", `an entry is at most ${limits.maxEntryBytes} bytes`);
    if (!this.#uncommitted.hasRoomFor(payloads))
      return refused("busy", `${limits.maxUncommittedBytes} bytes wait to be committed`);
    const objection = this.#objectionTo(payloads);
    if (objection) return objection;
    const firstIndex = log.lastIndex + 1n;
    const lastIndex = log.extend(term, payloads);
    this.#uncommitted.add(payloads, lastIndex);
    payloads.forEach((payload, place) => {
      if (payload.kind === "config") this.#lastConfigIndex = firstIndex + BigInt(place);
    });
    return { kind: "appended", term, firstIndex, lastIndex };
  }

  read(from: NodeId, context: Uint8Array): AskResult {
    return this.#reads.add(from, context) ? asked : refused("busy", "too many reads wait to be confirmed");
  }

  /** A later request takes the place of an earlier one. The transferee is brought up to date first (dissertation, 3.10). */
  transfer(to: NodeId): AskResult {
    const { id, configuration } = this.#core;
    if (to === id) return refused("invalid", "this node leads already");
    if (!isVoter(configuration, to)) return refused("invalid", `node ${to} is no voter`);
    if (this.#transfer?.to !== to) this.#transfer = { to, ticks: 0, sent: false };
    this.#finishTransfer();
    return asked;
  }

  persisted(): void {
    this.replication.persisted();
    this.replication.commit();
  }

  applied(): void {
    const core = this.#core;
    if (this.replication.configure() && !this.#adapt()) return;
    const isDone = isJoint(core.configuration) && core.configuration.autoLeave;
    if (isDone && this.#lastConfigIndex <= core.log.applied)
      this.#lastConfigIndex = core.log.extend(core.term, [{ kind: "config", change: leaveJoint }]);
  }

  flush(): void {
    if (this.#reads.begin()) {
      this.#sendHeartbeats();
      this.#reads.finish();
    }
    // A change of membership is in force for its members only once they know that it is committed, and some leave with it.
    this.replication.flush(this.#lastConfigIndex);
  }

  /** The commit index goes only as far as the receiver is known to hold the log, for it cannot check what it has. */
  #sendHeartbeats(): void {
    this.#ticksSinceHeartbeat = 0;
    const { log, outbox } = this.#core;
    const { context } = this.#reads;
    for (const [to, { match }] of this.replication.peers()) {
      const commit = lowest(match, log.committed);
      outbox.send({ type: "heartbeat", ...this.#core.envelope(to), commit, context });
    }
  }

  #finishTransfer(): void {
    const { log, outbox } = this.#core;
    if (!this.#transfer || this.#transfer.sent) return;
    const { to } = this.#transfer;
    if (this.replication.of(to)?.match !== log.lastIndex) return;
    this.#transfer.sent = true;
    outbox.send({ type: "timeout-now", ...this.#core.envelope(to) });
  }

  /** One change of membership at a time: neighbours have a voter in common, and others need not. */
  #objectionTo(payloads: readonly Payload[]): ProposeResult | undefined {
    const first = payloads.find(payload => payload.kind === "config");
    if (!first) return undefined;
    const isOnly = payloads.every(payload => payload === first || payload.kind !== "config");
    if (!isOnly || this.#lastConfigIndex > this.#core.log.applied)
      return refused("config pending", "another change of membership is under way");
    const outcome = applyChange(this.#core.configuration, first.change);
    return outcome.kind === "refused" ? refused("invalid", outcome.reason) : undefined;
  }

  /**
   * Another membership is in force: fewer may be a quorum now, and others may take part. False when this node leads no longer. It was
   * removed or made a learner then, and has told the others by now that this is committed (dissertation, 4.2.2).
   */
  #adapt(): boolean {
    const { configuration, id, term } = this.#core;
    if (!isVoter(configuration, id)) {
      this.#core.follow(term, nobody);
      return false;
    }
    if (this.#transfer && !isVoter(configuration, this.#transfer.to)) this.#transfer = undefined;
    this.replication.commit();
    this.#reads.finish();
    return true;
  }
}
