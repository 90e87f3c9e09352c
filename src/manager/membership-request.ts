import { fromRaftMember, type Member } from "../consensus/member.ts";
import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { asFault, Fault } from "../lib/fault.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Transport } from "../ports/transport.ts";
import { RaftMembership } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";

/** Between rounds through all managers that are known. */
const backoff: Backoff = { firstMs: 200, longestMs: 5_000 };
/** How long one manager may take; it dials back meanwhile, and may have to wait for a leader. */
const answerMs = 15_000;

export interface MembershipRequestOptions {
  /** Managers to ask, HOST:PORT each, this one not among them; they may change meanwhile. */
  readonly managers: () => readonly string[];
  /** Where this manager is reached, HOST:PORT. It has to answer there by now. */
  readonly address: string;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** As `RaftMembership.Join` answered. */
export interface GrantedMembership {
  readonly raftId: bigint;
  /** This manager among them. */
  readonly members: readonly Member[];
}

/**
 * Asks one manager after the other for membership in the quorum, or for its address there to be changed, until one grants it.
 * Faults: cancelled when `signal` aborts; invalid_argument and permission_denied when asking again is no use.
 */
export async function requestMembership(options: MembershipRequestOptions): Promise<GrantedMembership> {
  const { managers, clock, random, log, signal } = options;
  for (let attempt = 1; !signal.aborted; attempt++) {
    for (const manager of managers()) {
      try {
        return await ask(manager, options);
      } catch (error) {
        const { code, message } = asFault(error);
        if (code === "invalid_argument" || code === "permission_denied") throw error;
        log.info("a manager does not let this one join", { manager, code, reason: message, attempt });
      }
      if (signal.aborted) break;
    }
    await sleep(clock, backoffMs(backoff, attempt, random.float()), signal);
  }
  throw new Fault("cancelled", "Cannot join the quorum: it was given up");
}

async function ask(manager: string, options: MembershipRequestOptions): Promise<GrantedMembership> {
  const { transport, address, signal } = options;
  const connection = transport.connect(manager);
  try {
    const membership = connection.client(RaftMembership);
    const { raftId, members } = await membership.join({ addr: address }, { signal, timeoutMs: answerMs });
    return { raftId, members: members.map(fromRaftMember) };
  } finally {
    connection.close();
  }
}
