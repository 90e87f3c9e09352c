import { toBinary } from "@bufbuild/protobuf";
import { encodeItems } from "../../consensus/log-record.ts";
import type { Message } from "../../raft/message.ts";
import type { Store } from "../../store/store.ts";
import { type InternalRaftRequest, InternalRaftRequestSchema } from "../../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { StoreSnapshotSchema } from "../../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import { writersOf } from "./register.ts";

/** Stores are compared whole at every so many entries. */
const comparedEvery = 16n;

/** What raft promises, looked for in everything that members say, apply and claim. Each `problem` is told as it is found. */
export class Promises {
  readonly #problem: (problem: string) => void;
  /** What was applied anywhere, by index. */
  readonly #applied = new Map<bigint, string>();
  #lastApplied = 0n;
  #snapshots = 0;
  /** What was replicated, by index and term. */
  readonly #entries = new Map<string, string>();
  /** Whole stores, by index. */
  readonly #states = new Map<bigint, string>();
  /** Where in the log a client's write stands, by the name of the write. */
  readonly #writes = new Map<string, bigint>();
  readonly #refused = new Set<string>();
  #leaders = new Map<bigint, string>();
  /** What was applied anywhere when a term was first heard of: all of that was committed in earlier terms. */
  #committedBefore = new Map<bigint, bigint>();

  constructor(problem: (problem: string) => void) {
    this.#problem = problem;
  }

  get terms(): number {
    return this.#leaders.size;
  }

  /** Snapshots that were sent to members that were far behind. */
  get snapshots(): number {
    return this.#snapshots;
  }

  get lastApplied(): bigint {
    return this.#lastApplied;
  }

  /** State machine safety: the same entry at an index, wherever it is applied. */
  applied(name: string, store: Store, index: bigint, request: InternalRaftRequest): void {
    const entry = Buffer.from(toBinary(InternalRaftRequestSchema, request)).toString("latin1");
    const before = this.#applied.get(index);
    if (before !== undefined && before !== entry) this.#problem(`${name} applied another entry at ${index}`);
    this.#applied.set(index, entry);
    if (before === undefined) for (const write of writersOf(request)) this.#happened(write, index);
    if (index > this.#lastApplied) this.#lastApplied = index;
    if (index % comparedEvery === 0n) this.compare(name, store, index);
  }

  /** Stores that stand at the same entry are equal. */
  compare(name: string, store: Store, index: bigint): void {
    const state = contentOf(store);
    const before = this.#states.get(index) ?? state;
    if (before !== state) this.#problem(`${name} has another store at ${index} than others have`);
    this.#states.set(index, state);
  }

  /** Log matching: what has the same index and term is the same. */
  sent(message: Message): void {
    if ("term" in message) this.#hear(message.term);
    if (message.type === "snapshot") this.#snapshots += 1;
    if (message.type !== "append") return;
    for (const entry of message.entries) {
      const place = `${entry.index} of term ${entry.term}`;
      const bytes = Buffer.from(encodeItems([{ kind: "entry", entry }])).toString("latin1");
      const before = this.#entries.get(place) ?? bytes;
      if (before !== bytes) this.#problem(`there are two entries ${place}`);
      this.#entries.set(place, bytes);
    }
  }

  /** At most one leader a term, and each has everything that was committed before it. */
  leads(name: string, term: bigint, version: bigint): void {
    const leader = this.#leaders.get(term) ?? name;
    if (leader !== name) this.#problem(`${leader} and ${name} both lead in term ${term}`);
    this.#leaders.set(term, name);
    this.#hear(term);
    const committed = this.#committedBefore.get(term) ?? 0n;
    if (version < committed)
      this.#problem(`${name} leads in term ${term} and stands at ${version}: ${committed} was committed before`);
  }

  /** A client was told that its write is done. */
  acknowledged(write: string): void {
    if (!this.#writes.has(write)) this.#problem(`${write} was acknowledged, and nobody has applied it`);
  }

  /** A client was told that its write is not done and never will be. */
  refused(write: string): void {
    this.#refused.add(write);
    if (this.#writes.has(write)) this.#problem(`${write} was refused, and stands at ${this.#writes.get(write)}`);
  }

  /** A new cluster is made by force of what one member has: terms begin anew. */
  forced(): void {
    this.#leaders = new Map();
    this.#committedBefore = new Map();
    this.#entries.clear();
  }

  #happened(write: string, index: bigint): void {
    const earlier = this.#writes.get(write);
    if (earlier !== undefined) this.#problem(`${write} happened at ${earlier} and again at ${index}`);
    if (this.#refused.has(write)) this.#problem(`${write} was refused, and happened at ${index}`);
    this.#writes.set(write, index);
  }

  #hear(term: bigint): void {
    if (!this.#committedBefore.has(term)) this.#committedBefore.set(term, this.#lastApplied);
  }
}

/** All that is in a store, in an order of its own: tables promise none. */
function contentOf(store: Store): string {
  const snapshot = store.snapshot();
  const sorted = <T extends { readonly id: string }>(objects: readonly T[]): T[] =>
    [...objects].sort((a, b) => (a.id < b.id ? -1 : 1));
  const { configs, clusters } = snapshot;
  const ordered = { ...snapshot, configs: sorted(configs), clusters: sorted(clusters) };
  return Buffer.from(toBinary(StoreSnapshotSchema, ordered)).toString("latin1");
}
