import type { Core } from "./core.ts";
import { nobody } from "./entry.ts";
import type { VoteRequest } from "./message.ts";

/**
 * Answers a vote request of this node's term, or a pre-vote request of any term. One vote a term, to the first who asks, and
 * only to a log that has everything committed (Raft §5.2, §5.4.1). Who is asked need not be a voter by its own account:
 * the candidate may know of a change that has not come here yet, and it is the candidate who counts.
 */
export function answerVoteRequest(core: Core, request: VoteRequest): void {
  const { stage, from } = request;
  const isFree = core.vote === from || (core.vote === nobody && core.leader === nobody);
  const mayGrant = stage === "pre-vote" ? request.term > core.term || isFree : isFree;
  if (!mayGrant || !core.log.isUpToDate({ index: request.lastIndex, term: request.lastTerm })) {
    refuseVote(core, request);
    return;
  }
  const envelope = { from: core.id, to: from, term: request.term };
  const reply = { type: "vote-reply", ...envelope, stage, granted: true, ...core.commitNews } as const;
  if (stage === "pre-vote") {
    core.outbox.send(reply);
    if (core.role.kind === "pre-candidate" && comesFirst(core, request)) core.giveWay();
    return;
  }
  core.voteFor(from);
  core.outbox.sendWhenDurable(reply);
}

/** With this node's term and commit index, for the sender to learn from. */
export function refuseVote(core: Core, { from, stage }: VoteRequest): void {
  core.outbox.send({ type: "vote-reply", ...core.envelope(from), stage, granted: false, ...core.commitNews });
}

/**
 * When a leader dies, all notice at once and would split the vote. So of two that try, one stands back: the one with the shorter
 * log, or of two equal ones the higher id. (Ours; it concerns who tries first, and never who may win.)
 */
function comesFirst(core: Core, request: VoteRequest): boolean {
  const { lastIndex, lastTerm } = core.log;
  const isEqual = request.lastTerm === lastTerm && request.lastIndex === lastIndex;
  return !isEqual || request.from < core.id;
}
