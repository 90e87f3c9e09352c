import type { Entry, Index, Snapshot, Term } from "../raft/entry.ts";
import { decodeRequest } from "../store/encoding.ts";
import type { Store } from "../store/store.ts";
import { TaskReader } from "../store/task-reader.ts";
import type { MemberBook } from "./member-book.ts";
import { decodeState } from "./swarm-state.ts";
import type { WaitingProposals } from "./waiting-proposals.ts";

export interface StateMachineOptions {
  readonly store: Store;
  readonly book: MemberBook;
  readonly waiting: WaitingProposals;
}

/** What the log is about, as far as it is applied here: the store's objects, and who the members are. */
export class StateMachine {
  readonly #options: StateMachineOptions;
  readonly #tasks = new TaskReader();
  #applied: { readonly index: Index; readonly term: Term } = { index: 0n, term: 0n };

  constructor(options: StateMachineOptions) {
    this.#options = options;
  }

  /** The last entry that is applied. */
  get applied(): { readonly index: Index; readonly term: Term } {
    return this.#applied;
  }

  /** Takes a snapshot in the place of everything. */
  restore({ data, index, term }: Snapshot): void {
    const { store, members, removed } = decodeState(data, this.#tasks);
    this.#options.book.restore(members, removed);
    this.#options.store.restore(store, index);
    this.#applied = { index, term };
  }

  /** Applies an entry's data. Changes of membership are raft's to judge first: see `changeMembers`. */
  apply(entry: Entry): void {
    if (entry.kind === "data") this.#applyData(entry);
    this.#applied = { index: entry.index, term: entry.term };
  }

  /** A change of membership that is in force now. */
  changeMembers(entry: Extract<Entry, { kind: "config" }>): void {
    this.#options.book.apply(entry);
  }

  /** An entry without data opens a leader's term, and says nothing to the store. */
  #applyData(entry: Extract<Entry, { kind: "data" }>): void {
    const own = this.#options.waiting.take(entry);
    if (entry.data.length === 0) return;
    this.#options.store.apply(entry.index, own ?? decodeRequest(entry.data, this.#tasks));
  }
}
