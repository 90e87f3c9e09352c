import { Fault } from "../lib/fault.ts";
import type { Random } from "../ports/random.ts";
import { applyChange, type ConfigChange, leaveJoint } from "../raft/config-change.ts";
import { type Configuration, isJoint, membersOf, noConfiguration } from "../raft/configuration.ts";
import type { Entry, NodeId, Snapshot } from "../raft/entry.ts";
import { foundingLog } from "../raft/founding.ts";
import { Journal, type JournalOptions } from "./journal.ts";
import { encodeMember, type Member } from "./member.ts";

/** How a manager comes to its log. */
export type Beginning =
  /** As the first member of a new swarm. */
  | { readonly kind: "found" }
  /** As `RaftMembership.Join` answered; the members include this manager. */
  | { readonly kind: "join"; readonly raftId: bigint; readonly members: readonly Member[] }
  /** From the disk. */
  | { readonly kind: "resume" }
  /** From the disk, with all other members struck out: the majority is lost, and somebody has decided to go on without it. */
  | { readonly kind: "force-new-cluster" };

export interface Begun {
  readonly journal: Journal;
  /** With its data. */
  readonly snapshot: Snapshot | undefined;
}

/** A raft id that nobody has, or ever had: 63 random bits, never 0. */
export function newRaftId(random: Random, taken: (raftId: NodeId) => boolean): NodeId {
  for (;;) {
    const bytes = random.bytes(8);
    const raftId = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0) >> 1n;
    if (raftId !== 0n && !taken(raftId)) return raftId;
  }
}

/**
 * Opens or makes the log. Faults: not_found when a log is to be resumed and there is none, failed_precondition when one is to
 * be begun and there is one of another member, data_loss when what is there is damaged.
 */
export async function begin(
  options: JournalOptions,
  beginning: Beginning,
  self: Omit<Member, "raftId">,
  random: Random,
): Promise<Begun> {
  const found = await Journal.open(options);
  switch (beginning.kind) {
    case "found": {
      if (found) throw await occupied(found.journal, options);
      const raftId = newRaftId(random, () => false);
      const context = encodeMember({ ...self, raftId });
      const founding = foundingLog([{ id: raftId, context }]);
      return { journal: await Journal.create(options, { raftId, peers: [] }, founding), snapshot: undefined };
    }
    case "join": {
      const { raftId, members } = beginning;
      // Asked twice, answered twice: a crash came between the first answer and its being used.
      if (found?.journal.identity.raftId === raftId) return found;
      if (found) throw await occupied(found.journal, options);
      const peers = members.filter(member => member.raftId !== raftId);
      return { journal: await Journal.create(options, { raftId, peers }), snapshot: undefined };
    }
    case "resume":
      if (!found) throw noLog(options);
      return found;
    case "force-new-cluster":
      if (!found) throw noLog(options);
      await strikeOutOthers(found);
      return found;
    default:
      return beginning satisfies never;
  }
}

/**
 * Appends what makes this manager the only member, as if everybody had agreed to it. Everything in the log stays, known to
 * be committed or not: what was answered to a client may be among it.
 */
async function strikeOutOthers({ journal, snapshot }: Begun): Promise<void> {
  const { storage, identity } = journal;
  let { lastIndex } = storage;
  const all = lastIndex < storage.firstIndex ? [] : storage.entries(storage.firstIndex, lastIndex, Number.MAX_VALUE);
  const changes = changesToSole(membershipAfter(all, snapshot), identity.raftId);
  const { hardState } = storage;
  const lastTerm = storage.term(lastIndex) ?? 0n;
  const term = hardState.term > lastTerm ? hardState.term : lastTerm;
  const entries = changes.map((change): Entry => ({ kind: "config", change, index: ++lastIndex, term }));
  await journal.save([
    { snapshot: undefined, entries, hardState: { ...hardState, term, commit: lastIndex }, mustSync: true },
  ]);
}

/** The membership that the log leads to. */
function membershipAfter(entries: readonly Entry[], snapshot: Snapshot | undefined): Configuration {
  let configuration = snapshot?.configuration ?? noConfiguration;
  for (const entry of entries) {
    if (entry.kind !== "config" || entry.index <= (snapshot?.index ?? 0n)) continue;
    const outcome = applyChange(configuration, entry.change);
    if (outcome.kind === "changed") configuration = outcome.configuration;
  }
  return configuration;
}

/** One step after the other, each of which can be made. */
function changesToSole(configuration: Configuration, self: NodeId): ConfigChange[] {
  const changes = isJoint(configuration) ? [leaveJoint] : [];
  const single = (kind: "add-voter" | "remove", id: NodeId): ConfigChange => ({
    transition: "auto",
    changes: [{ kind, id }],
    tag: 0n,
    context: new Uint8Array(),
  });
  changes.push(single("add-voter", self));
  for (const id of [...membersOf(configuration), ...configuration.learnersNext])
    if (id !== self) changes.push(single("remove", id));
  return changes;
}

async function occupied(journal: Journal, { directory }: JournalOptions): Promise<Fault> {
  await journal.close();
  return new Fault("failed_precondition", `Cannot begin a log in "${directory}": there is one of another member`);
}

function noLog({ directory }: JournalOptions): Fault {
  return new Fault("not_found", `Cannot start the manager: its log in "${directory}" is empty`);
}
