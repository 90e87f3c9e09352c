import type { Core } from "./core.ts";
import { nobody } from "./entry.ts";
import { isFromLeader, isWellFormed, type Message, type Request, type TermedMessage } from "./message.ts";
import { answerVoteRequest, refuseVote } from "./voting.ts";

/** What a message's term does, before its content does anything. Messages that make no sense are dropped. */
export function receive(core: Core, message: Message): void {
  if (!isWellFormed(message)) return;
  if (message.type === "vote-request" || message.type === "vote-reply")
    core.log.learnCommitted({ index: message.commitIndex, term: message.commitTerm });
  if (isRequest(message)) handleRequest(core, message);
  else if (message.term < core.term) answerOutdated(core, message);
  else if (message.term === core.term || !isOnlyATrial(message)) handleCurrent(core, message);
  else handleTrial(core, message);
}

function isRequest(message: Message): message is Request {
  return message.type === "propose" || message.type === "read-request" || message.type === "transfer-request";
}

/** For whoever leads: what reaches another node is lost, and asked for again. */
function handleRequest({ role }: Core, request: Request): void {
  if (role.kind !== "leader") return;
  switch (request.type) {
    case "propose":
      if (request.payloads.length > 0) role.propose(request.payloads);
      break;
    case "read-request":
      role.read(request.from, request.context);
      break;
    case "transfer-request":
      role.transfer(request.transferee);
      break;
    default:
      request satisfies never;
  }
}

/** A pre-vote's term is only what would be if the trial went well. */
function isOnlyATrial(message: TermedMessage): boolean {
  const isTrial = (message.type === "vote-request" || message.type === "vote-reply") && message.stage === "pre-vote";
  return isTrial && !(message.type === "vote-reply" && !message.granted);
}

function handleTrial(core: Core, message: TermedMessage): void {
  if (message.type !== "vote-request") core.role.receive(message);
  else if (!core.isInLease) answerVoteRequest(core, message);
}

function handleCurrent(core: Core, message: TermedMessage): void {
  if (message.term > core.term) {
    // Whoever was cut off and comes back with a higher term must not end a term in which a leader is at work.
    if (message.type === "vote-request" && core.isInLease && !message.transfer) return;
    core.follow(message.term, isFromLeader(message) ? message.from : nobody);
  }
  if (message.type === "vote-request") {
    answerVoteRequest(core, message);
    return;
  }
  if (isFromLeader(message) && core.role.kind !== "leader") {
    if (core.role.kind !== "follower" || core.leader !== message.from) core.follow(core.term, message.from);
    core.heardLeader();
  }
  core.role.receive(message);
}

/**
 * A leader of an older term is told, or it would never hear of this one: this node does not get through with an election while
 * others hear that leader. So is a candidate. Everything else is too late to matter.
 */
function answerOutdated(core: Core, message: TermedMessage): void {
  if (message.type === "vote-request") refuseVote(core, message);
  else if (isFromLeader(message))
    core.outbox.send({ type: "append-accepted", ...core.envelope(message.from), index: 0n });
}
