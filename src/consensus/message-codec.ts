import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import type { Snapshot } from "../raft/entry.ts";
import type { ElectionStage, Message, VoteReply, VoteRequest } from "../raft/message.ts";
import {
  MessageSchema,
  MessageType,
  SnapshotSchema,
  type Message as WireMessage,
  type Snapshot as WireSnapshot,
} from "../wire/gen/raftpb/raft_pb.ts";
import type { PeerMessage } from "../wire/gen/shoal/v1/peers_pb.ts";
import { fromConfState, toConfState } from "./configuration-codec.ts";
import { decodePayload, encodePayload, fromWireEntry, toWireEntry } from "./entry-codec.ts";
import { decodeEntries, encodeEntries } from "./log-record.ts";

/*
 * Raft's messages as raftpb has them. What a field means in each type is etcd's: `index` and `logTerm` are a place in the log,
 * `rejectHint` with `logTerm` the place a refusal points to, and a forwarded read's context is the data of its only entry.
 */

type Init = Exclude<MessageInitShape<typeof MessageSchema>, WireMessage>;

const nothing = new Uint8Array();

/** In a vote request: the leader asked for this election (etcd: campaignTransfer). */
const transferContext = new TextEncoder().encode("CampaignTransfer");

/** For a peer of our own make: a message's entries in the form that the log has them in. Protobuf takes five times as long. */
export function toPeerMessage(message: Message): { message: WireMessage; entries: Uint8Array } {
  if (message.type !== "append") return { message: toWireMessage(message), entries: nothing };
  return { message: toWireMessage({ ...message, entries: [] }), entries: encodeEntries(message.entries) };
}

/** Fault invalid_argument or data_loss for what no member says to another. */
export function fromPeerMessage({ message, entries }: PeerMessage): Message {
  if (!message) throw new Fault("invalid_argument", "no message");
  const decoded = fromWireMessage(message);
  if (decoded.type !== "append" || entries.length === 0) return decoded;
  return { ...decoded, entries: decodeEntries(entries) };
}

export function toWireMessage(message: Message): WireMessage {
  const { to, from } = message;
  const term = "term" in message ? message.term : 0n;
  return create(MessageSchema, { to, from, term, ...contentOf(message) });
}

function contentOf(message: Message): Init {
  switch (message.type) {
    case "vote-request":
      return voteRequest(message);
    case "vote-reply":
      return voteReply(message);
    case "append": {
      const { prevIndex: index, prevTerm: logTerm, commit } = message;
      return { type: MessageType.MsgApp, index, logTerm, commit, entries: message.entries.map(toWireEntry) };
    }
    case "append-accepted":
      return { type: MessageType.MsgAppResp, index: message.index };
    case "append-rejected": {
      const { index, hintIndex: rejectHint, hintTerm: logTerm } = message;
      return { type: MessageType.MsgAppResp, reject: true, index, rejectHint, logTerm };
    }
    case "snapshot":
      return { type: MessageType.MsgSnap, snapshot: toWireSnapshot(message.snapshot) };
    case "heartbeat":
      return { type: MessageType.MsgHeartbeat, commit: message.commit, context: message.context };
    case "heartbeat-reply":
      return { type: MessageType.MsgHeartbeatResp, context: message.context };
    case "timeout-now":
      return { type: MessageType.MsgTimeoutNow };
    case "read-reply":
      return { type: MessageType.MsgReadIndexResp, index: message.index, entries: [{ Data: message.context }] };
    case "propose": {
      const entries = message.payloads.map(payload => {
        const { type, data } = encodePayload(payload);
        return { Type: type, Data: data };
      });
      return { type: MessageType.MsgProp, entries };
    }
    case "read-request":
      return { type: MessageType.MsgReadIndex, entries: [{ Data: message.context }] };
    case "transfer-request":
      return { type: MessageType.MsgTransferLeader, from: message.transferee };
    default:
      return message satisfies never;
  }
}

/** `commit` and `vote` are ours: how far the sender knows the log to be committed, and the term of that entry. */
function voteRequest(message: VoteRequest): Init {
  return {
    type: message.stage === "pre-vote" ? MessageType.MsgPreVote : MessageType.MsgVote,
    index: message.lastIndex,
    logTerm: message.lastTerm,
    commit: message.commitIndex,
    vote: message.commitTerm,
    ...(message.transfer && { context: transferContext }),
  };
}

function voteReply(message: VoteReply): Init {
  return {
    type: message.stage === "pre-vote" ? MessageType.MsgPreVoteResp : MessageType.MsgVoteResp,
    reject: !message.granted,
    commit: message.commitIndex,
    vote: message.commitTerm,
  };
}

/** Fault invalid_argument for what no member says to another. */
export function fromWireMessage(wire: WireMessage): Message {
  const { to, from, term, index, logTerm, commit, context } = wire;
  const envelope = { to, from, term };
  switch (wire.type) {
    case MessageType.MsgVote:
    case MessageType.MsgPreVote:
      return {
        type: "vote-request",
        ...envelope,
        stage: stageOf(wire.type),
        lastIndex: index,
        lastTerm: logTerm,
        ...commitNewsOf(wire),
        transfer: Buffer.compare(context, transferContext) === 0,
      };
    case MessageType.MsgVoteResp:
    case MessageType.MsgPreVoteResp:
      return {
        type: "vote-reply",
        ...envelope,
        stage: stageOf(wire.type),
        granted: !wire.reject,
        ...commitNewsOf(wire),
      };
    case MessageType.MsgApp: {
      const entries = wire.entries.map(fromWireEntry);
      return { type: "append", ...envelope, prevIndex: index, prevTerm: logTerm, entries, commit };
    }
    case MessageType.MsgAppResp:
      if (!wire.reject) return { type: "append-accepted", ...envelope, index };
      return { type: "append-rejected", ...envelope, index, hintIndex: wire.rejectHint, hintTerm: logTerm };
    case MessageType.MsgSnap:
      if (!wire.snapshot) throw new Fault("invalid_argument", "a MsgSnap without a snapshot");
      return { type: "snapshot", ...envelope, snapshot: fromWireSnapshot(wire.snapshot) };
    case MessageType.MsgHeartbeat:
      return { type: "heartbeat", ...envelope, commit, context };
    case MessageType.MsgHeartbeatResp:
      return { type: "heartbeat-reply", ...envelope, context };
    case MessageType.MsgTimeoutNow:
      return { type: "timeout-now", ...envelope };
    case MessageType.MsgReadIndexResp:
      return { type: "read-reply", ...envelope, index, context: onlyData(wire) };
    case MessageType.MsgProp: {
      const payloads = wire.entries.map(({ Type: type, Data: data }) => decodePayload({ type, data }));
      return { type: "propose", from, to, payloads };
    }
    case MessageType.MsgReadIndex:
      return { type: "read-request", from, to, context: onlyData(wire) };
    case MessageType.MsgTransferLeader:
      return { type: "transfer-request", from, to, transferee: from };
    case MessageType.MsgHup:
    case MessageType.MsgBeat:
    case MessageType.MsgUnreachable:
    case MessageType.MsgSnapStatus:
    case MessageType.MsgCheckQuorum:
      throw new Fault("invalid_argument", `a ${MessageType[wire.type]} is nothing that members say to each other`);
    default:
      throw new Fault("invalid_argument", `a raft message of type ${wire.type satisfies never}`);
  }
}

const stageOf = (type: MessageType): ElectionStage =>
  type === MessageType.MsgPreVote || type === MessageType.MsgPreVoteResp ? "pre-vote" : "vote";

/** A member of another make says nothing of it: place 0, which every log holds. */
const commitNewsOf = ({ commit, vote }: WireMessage) =>
  vote === 0n ? { commitIndex: 0n, commitTerm: 0n } : { commitIndex: commit, commitTerm: vote };

function onlyData({ entries }: WireMessage): Uint8Array {
  return entries[0]?.Data ?? new Uint8Array();
}

export function toWireSnapshot({ index, term, configuration, data }: Snapshot): WireSnapshot {
  return create(SnapshotSchema, { data, metadata: { index, term, confState: toConfState(configuration) } });
}

export function fromWireSnapshot({ data, metadata }: WireSnapshot): Snapshot {
  if (!metadata) throw new Fault("invalid_argument", "a snapshot that does not say of which entry it is");
  const { index, term, confState } = metadata;
  return { index, term, configuration: fromConfState(confState), data };
}
