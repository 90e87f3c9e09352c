import type { MemberChange } from "../raft/config-change.ts";
import type { Entry } from "../raft/entry.ts";
import { decodeMember, type Member } from "./member.ts";

type ConfigEntry = Extract<Entry, { kind: "config" }>;

/**
 * Who the members are, and who was one: raft knows them by number alone. It changes where a change of membership is applied, on
 * all members alike, and travels with snapshots.
 */
export class MemberBook {
  readonly #members = new Map<bigint, Member>();
  readonly #removed = new Set<bigint>();
  /** Said by the members themselves, or by who let this manager in, and not in the log yet. */
  readonly #hints = new Map<bigint, Member>();

  /** In order of their raft ids, so that it is the same everywhere. */
  get members(): readonly Member[] {
    return [...this.#members.values()].sort((a, b) => (a.raftId < b.raftId ? -1 : 1));
  }

  /** Everybody of whom is known where they are reached, whom the log has not told of yet as well. */
  get known(): readonly Member[] {
    return [...new Map([...this.#members, ...this.#hints]).values()];
  }

  /** Raft ids that must not come back. */
  get removed(): readonly bigint[] {
    return [...this.#removed];
  }

  get(raftId: bigint): Member | undefined {
    return this.#hints.get(raftId) ?? this.#members.get(raftId);
  }

  ofNode(nodeId: string): Member | undefined {
    return this.members.find(member => member.nodeId === nodeId);
  }

  isRemoved(raftId: bigint): boolean {
    return this.#removed.has(raftId);
  }

  /** Where a member is reached that the log has not told of yet, or that has moved. */
  hint(member: Member): void {
    if (!this.#removed.has(member.raftId)) this.#hints.set(member.raftId, member);
  }

  /** Puts a snapshot's members in the place of what was known. */
  restore(members: readonly Member[], removed: readonly bigint[]): void {
    this.#members.clear();
    this.#removed.clear();
    for (const member of members) this.#members.set(member.raftId, member);
    for (const raftId of removed) this.#removed.add(raftId);
  }

  /** A change of membership that has come into force, or an address that has changed. */
  apply(entry: ConfigEntry): void {
    for (const change of entry.change.changes) this.#change(change, entry.change.context);
  }

  #change({ kind, id }: MemberChange, context: Uint8Array): void {
    switch (kind) {
      case "add-voter":
      case "add-learner":
      case "update":
        if (context.length === 0 || this.#removed.has(id)) break;
        this.#members.set(id, { ...decodeMember(context), raftId: id });
        this.#hints.delete(id);
        break;
      case "remove":
        this.#members.delete(id);
        this.#hints.delete(id);
        this.#removed.add(id);
        break;
      default:
        kind satisfies never;
    }
  }
}
