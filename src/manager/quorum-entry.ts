import { Consensus } from "../consensus/consensus.ts";
import type { ConsensusOptions } from "../consensus/options.ts";
import { Fault } from "../lib/fault.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { ManagerBeginning } from "./beginning.ts";
import { requestMembership } from "./membership-request.ts";

/** How long a new member waits for its vote, which it gets when it has caught up; it goes on catching up after that. */
const catchUpMs = 5_000;
const pollMs = 20;

export interface QuorumEntry extends Omit<ConsensusOptions, "beginning"> {
  readonly signal: AbortSignal;
}

export interface Entered {
  readonly consensus: Consensus;
  /** Whether it is a new member, which has to catch up. */
  readonly isNew: boolean;
}

/** Opens this manager's log as `beginning` says; a new member asks the others for its membership first. */
export async function enterQuorum(entry: QuorumEntry, beginning: ManagerBeginning): Promise<Entered> {
  switch (beginning.kind) {
    case "found":
    case "force-new-cluster":
      return { consensus: await Consensus.open({ ...entry, beginning: { kind: beginning.kind } }), isNew: false };
    case "join":
      return join(entry, beginning.managers);
    case "resume":
      try {
        return { consensus: await Consensus.open({ ...entry, beginning: { kind: "resume" } }), isNew: false };
      } catch (error) {
        const hasNoLog = error instanceof Fault && error.code === "not_found";
        if (!hasNoLog || othersOf(entry, beginning.managers).length === 0) throw error;
        return join(entry, beginning.managers);
      }
    default:
      return beginning satisfies never;
  }
}

async function join(entry: QuorumEntry, managers: readonly string[]): Promise<Entered> {
  const others = othersOf(entry, managers);
  if (others.length === 0) throw new Fault("invalid_argument", "Cannot join the quorum: no other manager is known");
  const { raftId, members } = await requestMembership({
    ...entry,
    address: entry.self.address,
    managers: () => others,
  });
  const consensus = await Consensus.open({ ...entry, beginning: { kind: "join", raftId, members } });
  return { consensus, isNew: true };
}

/** Resolves when a new member, which has to be served to the others by now, has its vote; some seconds later anyway. */
export async function caughtUp(consensus: Consensus, clock: Clock, signal: AbortSignal): Promise<void> {
  const deadline = clock.monotonic() + catchUpMs;
  const hasVote = () => consensus.members.some(({ raftId, isVoter }) => raftId === consensus.raftId && isVoter);
  while (!hasVote() && !signal.aborted && clock.monotonic() < deadline) await sleep(clock, pollMs, signal);
}

/**
 * Tells the others where this manager is reached by now, as far as they think it is elsewhere. Resolves when they know, or
 * `entry.signal` aborts.
 */
export async function announceAddress(
  consensus: Consensus,
  entry: QuorumEntry,
  managers: readonly string[],
): Promise<void> {
  const { address } = entry.self;
  const self = consensus.members.find(({ raftId }) => raftId === consensus.raftId);
  if (!self || self.address === address) return;
  entry.log.info("telling the other managers of this one's new address", { before: self.address, now: address });
  const known = () => [...new Set([...managers, ...consensus.members.map(member => member.address)])];
  await requestMembership({ ...entry, address, managers: () => othersOf(entry, known(), self.address) });
}

function othersOf({ self }: QuorumEntry, managers: readonly string[], formerly = ""): readonly string[] {
  return managers.filter(manager => manager !== self.address && manager !== formerly);
}
