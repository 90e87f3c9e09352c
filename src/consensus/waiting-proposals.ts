import { Fault } from "../lib/fault.ts";
import type { Entry, Index, Term } from "../raft/entry.ts";
import type { InternalRaftRequest } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";

interface Waiting {
  readonly term: Term;
  readonly resolve: () => void;
  readonly reject: (fault: Fault) => void;
}

/** Who waits for entries of this leader's to be applied. Keyed by index: of each there is one at most. */
export class WaitingProposals {
  readonly #waiting = new Map<Index, Waiting>();
  #tellIdle: (() => void)[] = [];
  /** The messages that entries were made from: they need not be decoded here. */
  readonly #requests = new Map<Index, { readonly term: Term; readonly request: InternalRaftRequest }>();

  /** Resolves when the entry at `index` is applied; rejects when another one is, or with what `failAll` is given. */
  applied(index: Index, term: Term): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.set(index, { term, resolve, reject }));
  }

  keep(index: Index, term: Term, request: InternalRaftRequest): void {
    this.#requests.set(index, { term, request });
  }

  /** The message that an entry was made from, if that was here. */
  take({ index, term }: Entry): InternalRaftRequest | undefined {
    if (this.#requests.size === 0) return undefined;
    const kept = this.#requests.get(index);
    this.#requests.delete(index);
    return kept?.term === term ? kept.request : undefined;
  }

  settle({ index, term }: Entry): void {
    if (this.#waiting.size === 0) return;
    const waiting = this.#waiting.get(index);
    if (!waiting) return;
    this.#waiting.delete(index);
    if (waiting.term === term) waiting.resolve();
    else
      waiting.reject(
        new Fault("aborted", "Cannot change the cluster: another manager took over, and the change was not made"),
      );
  }

  failAll(fault: Fault): void {
    for (const { reject } of this.#waiting.values()) reject(fault);
    this.#waiting.clear();
    this.#requests.clear();
    this.#checkIdle();
  }

  /** Resolves when nobody waits. */
  idle(): Promise<void> {
    return new Promise(resolve => {
      this.#tellIdle.push(resolve);
      this.#checkIdle();
    });
  }

  #checkIdle(): void {
    if (this.#waiting.size > 0) return;
    for (const tell of this.#tellIdle.splice(0)) tell();
  }
}
