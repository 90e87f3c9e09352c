import type { Entry, Index, NodeId, Payload, Snapshot, Term } from "./entry.ts";

/**
 * What nodes say to each other. The meaning is raftpb's; each type names the one it stands for. A network may lose, repeat,
 * delay and reorder messages, but must not change them.
 */
export type Message = TermedMessage | Request;

/** Said in a term, and without meaning in a later one. */
export type TermedMessage =
  | VoteRequest
  | VoteReply
  | Append
  | AppendAccepted
  | AppendRejected
  | InstallSnapshot
  | Heartbeat
  | HeartbeatReply
  | TimeoutNow
  | ReadReply;

/** Passed on to whoever is thought to lead, in whatever term that is. */
export type Request = Propose | ReadRequest | TransferRequest;

interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
}

interface Termed extends Envelope {
  /** The sender's term; in a pre-vote request, and the grant of one, the term the candidate would lead in. */
  readonly term: Term;
}

/** An election has a trial run that changes nobody's term, so that who cannot win does not disturb (dissertation, 9.6). */
export type ElectionStage = "pre-vote" | "vote";

/**
 * How far the sender knows the log to be committed, and the term of the entry there. Whoever holds that very entry knows it too then.
 *
 * Ours: raftpb has fields to spare for it, and others do not mind them. Somebody who missed that a change of membership is
 * committed may need the vote of one who does not count any more, and who has a longer log: neither could ever lead.
 */
interface CommitNews {
  readonly commitIndex: Index;
  /** 0: says nothing. */
  readonly commitTerm: Term;
}

/** MsgPreVote, MsgVote: the sender wants to lead, and this is where its log ends. */
export interface VoteRequest extends Termed, CommitNews {
  readonly type: "vote-request";
  readonly stage: ElectionStage;
  readonly lastIndex: Index;
  readonly lastTerm: Term;
  /** Asked for by the leader, so its lease does not hold it up (raftpb: context "CampaignTransfer"). */
  readonly transfer: boolean;
}

/** MsgPreVoteResp, MsgVoteResp. */
export interface VoteReply extends Termed, CommitNews {
  readonly type: "vote-reply";
  readonly stage: ElectionStage;
  readonly granted: boolean;
}

/** MsgApp: entries that come after `prevIndex`, where the receiver must hold an entry of `prevTerm`. May be empty. */
export interface Append extends Termed {
  readonly type: "append";
  readonly prevIndex: Index;
  readonly prevTerm: Term;
  readonly entries: readonly Entry[];
  /** The leader's commit index; it counts for the receiver only up to the last entry it now shares with the leader. */
  readonly commit: Index;
}

/** MsgAppResp: the sender's log is durable and equal to the leader's up to `index`. */
export interface AppendAccepted extends Termed {
  readonly type: "append-accepted";
  readonly index: Index;
}

/**
 * MsgAppResp with reject: there is no entry of that term at `index`. The hint is the last place where the logs may be
 * equal as far as the sender can tell: the highest index whose term is not above the one asked for. Term 0: not known.
 */
export interface AppendRejected extends Termed {
  readonly type: "append-rejected";
  readonly index: Index;
  readonly hintIndex: Index;
  readonly hintTerm: Term;
}

/** MsgSnap: the receiver is so far behind that the leader no longer has the entries. */
export interface InstallSnapshot extends Termed {
  readonly type: "snapshot";
  readonly snapshot: Snapshot;
}

/** MsgHeartbeat. `commit` is never beyond what the leader knows the receiver to hold. */
export interface Heartbeat extends Termed {
  readonly type: "heartbeat";
  readonly commit: Index;
  /** Which reads an answer confirms; the receiver sends it back as it is. */
  readonly context: Uint8Array;
}

/** MsgHeartbeatResp. */
export interface HeartbeatReply extends Termed {
  readonly type: "heartbeat-reply";
  readonly context: Uint8Array;
}

/** MsgTimeoutNow: the leader wants the receiver to stand for election at once. */
export interface TimeoutNow extends Termed {
  readonly type: "timeout-now";
}

/** MsgReadIndexResp: whoever has applied `index` may serve the read. */
export interface ReadReply extends Termed {
  readonly type: "read-reply";
  readonly index: Index;
  readonly context: Uint8Array;
}

/** MsgProp. */
export interface Propose extends Envelope {
  readonly type: "propose";
  readonly payloads: readonly Payload[];
}

/** MsgReadIndex. */
export interface ReadRequest extends Envelope {
  readonly type: "read-request";
  readonly context: Uint8Array;
}

/** MsgTransferLeader; raftpb has the transferee in `from`. */
export interface TransferRequest extends Envelope {
  readonly type: "transfer-request";
  readonly transferee: NodeId;
}

/** Sent by nobody but a leader: a receiver in the same term knows from it who leads. */
export function isFromLeader(message: Message): message is Append | Heartbeat | InstallSnapshot {
  return message.type === "append" || message.type === "heartbeat" || message.type === "snapshot";
}

/** Whether a message can be taken as what it says it is; peers of other makes are not trusted to count. */
export function isWellFormed(message: Message): boolean {
  if (message.type !== "append") return true;
  let { prevIndex: index, prevTerm: term } = message;
  for (const entry of message.entries) {
    if (entry.index !== index + 1n || entry.term < term || entry.term > message.term) return false;
    ({ index, term } = entry);
  }
  return true;
}
