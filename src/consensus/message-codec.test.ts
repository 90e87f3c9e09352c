import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { leaveJoint } from "../raft/config-change.ts";
import type { Entry } from "../raft/entry.ts";
import type { Message } from "../raft/message.ts";
import { MessageSchema, MessageType } from "../wire/gen/raftpb/raft_pb.ts";
import { PeerMessageSchema } from "../wire/gen/shoal/v1/peers_pb.ts";
import { encodeMember } from "./member.ts";
import { fromPeerMessage, fromWireMessage, toPeerMessage, toWireMessage } from "./message-codec.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const termed = { from: 1n, to: 2n, term: 7n };
const news = { commitIndex: 4n, commitTerm: 3n };
const context = encodeMember({ raftId: 9n, nodeId: "nine", address: "10.0.0.9:2377" });
const entries: Entry[] = [
  { kind: "data", data: bytes(), index: 5n, term: 6n },
  { kind: "data", data: bytes(1, 2, 3), index: 6n, term: 7n },
  {
    kind: "config",
    change: { transition: "auto", changes: [{ kind: "add-learner", id: 9n }], tag: 3n, context },
    index: 7n,
    term: 7n,
  },
  {
    kind: "config",
    change: {
      transition: "joint",
      changes: [
        { kind: "remove", id: 1n },
        { kind: "add-voter", id: 8n },
        { kind: "update", id: 2n },
      ],
      tag: 0n,
      context: bytes(4),
    },
    index: 8n,
    term: 7n,
  },
  { kind: "config", change: leaveJoint, index: 9n, term: 7n },
];
const configuration = { voters: [1n, 2n], outgoing: [1n], learners: [3n], learnersNext: [], autoLeave: true };

const messages: readonly Message[] = [
  { type: "vote-request", ...termed, stage: "pre-vote", lastIndex: 5n, lastTerm: 6n, ...news, transfer: false },
  { type: "vote-request", ...termed, stage: "vote", lastIndex: 5n, lastTerm: 6n, ...news, transfer: true },
  { type: "vote-reply", ...termed, stage: "pre-vote", granted: false, ...news },
  { type: "vote-reply", ...termed, stage: "vote", granted: true, commitIndex: 0n, commitTerm: 0n },
  { type: "append", ...termed, prevIndex: 4n, prevTerm: 6n, entries, commit: 3n },
  { type: "append", ...termed, prevIndex: 4n, prevTerm: 6n, entries: [], commit: 3n },
  { type: "append-accepted", ...termed, index: 9n },
  { type: "append-rejected", ...termed, index: 9n, hintIndex: 4n, hintTerm: 2n },
  { type: "snapshot", ...termed, snapshot: { index: 40n, term: 6n, configuration, data: bytes(9, 9) } },
  { type: "heartbeat", ...termed, commit: 4n, context: bytes(1) },
  { type: "heartbeat-reply", ...termed, context: bytes(1) },
  { type: "timeout-now", ...termed },
  { type: "read-reply", ...termed, index: 4n, context: bytes(7) },
  { type: "propose", from: 1n, to: 2n, payloads: [{ kind: "data", data: bytes(5) }] },
  { type: "read-request", from: 1n, to: 2n, context: bytes(6) },
  { type: "transfer-request", from: 3n, to: 2n, transferee: 3n },
];

describe("raft's messages", () => {
  it.each(messages.map(message => [message.type, message] as const))("survive the wire: %s", (_, message) => {
    const wire = fromBinary(MessageSchema, toBinary(MessageSchema, toWireMessage(message)));
    expect(fromWireMessage(wire)).toEqual(message);
    const peer = create(PeerMessageSchema, toPeerMessage(message));
    expect(fromPeerMessage(fromBinary(PeerMessageSchema, toBinary(PeerMessageSchema, peer)))).toEqual(message);
  });

  it("have the numbers that etcd's raft gives them", () => {
    const reject = toWireMessage({ type: "append-rejected", ...termed, index: 9n, hintIndex: 4n, hintTerm: 2n });
    // type 4, to 2, from 1, term 7, logTerm 2, index 9, reject true, rejectHint 4.
    expect(Buffer.from(toBinary(MessageSchema, reject)).toString("hex")).toBe("08041002180120072802300950015804");
    const votes = messages.slice(0, 4).map(message => MessageType[toWireMessage(message).type]);
    expect(votes).toEqual(["MsgPreVote", "MsgVote", "MsgPreVoteResp", "MsgVoteResp"]);
  });

  it("take a vote request of another make, which says nothing of what is committed", () => {
    const wire = create(MessageSchema, {
      type: MessageType.MsgVote,
      from: 1n,
      to: 2n,
      term: 3n,
      index: 4n,
      logTerm: 2n,
    });
    expect(fromWireMessage(wire)).toMatchObject({ commitIndex: 0n, commitTerm: 0n, transfer: false });
  });

  it.each([MessageType.MsgHup, MessageType.MsgBeat, MessageType.MsgUnreachable, MessageType.MsgSnap])(
    "are not taken when no member says such a thing: %s",
    type => {
      expect(() => fromWireMessage(create(MessageSchema, { type, from: 1n, to: 2n }))).toThrow(
        expect.objectContaining({ code: "invalid_argument" }),
      );
    },
  );
});
