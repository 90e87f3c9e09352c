import type { Configuration } from "./configuration.ts";
import type { Entry, Index, NodeId, Term } from "./entry.ts";
import type { Host } from "./host.test-kit.ts";
import { operationOf } from "./machine.test-kit.ts";
import { isFromLeader, type Message } from "./message.ts";

/** What must hold after every step, whatever the network and the disks do (Raft, figure 3). Throws at the first thing that does not. */
export class Invariants {
  readonly #leaders = new Map<Term, NodeId>();
  readonly #votes = new Map<string, NodeId>();
  /** By index and term: what the entry is, and the term of the one before it. */
  readonly #entries = new Map<string, string>();
  /** What was committed at each index, and in which term a leader said so. */
  readonly #committed: { readonly name: string; readonly in: Term }[] = [];
  readonly #digests = new Map<Index, number>();
  readonly #configurations = new Map<Index, string>();
  /** Where each host last changed its membership. */
  readonly #reconfigured = new Map<NodeId, Index>();
  /** Of each host since its last start. */
  readonly #seen = new Map<NodeId, { restarts: number; committed: Index; term: Term }>();

  get committedIndex(): Index {
    return BigInt(this.#committed.length);
  }

  get terms(): number {
    return this.#leaders.size;
  }

  /** Log Matching: an entry's index and term tell what it is, and what comes before it. */
  appended(host: Host, entries: readonly Entry[]): void {
    let { index, term }: { index: Index; term: Term | undefined } = { index: entries[0]!.index - 1n, term: 0n };
    term = index === 0n ? 0n : host.view.term(index);
    for (const entry of entries) {
      const key = `${entry.index} ${entry.term}`;
      const name = `${nameOf(entry)} after ${term}`;
      const known = this.#entries.get(key);
      if (known !== undefined && known !== name) fail(`entry ${key} of node ${host.id} is ${name} and was ${known}`);
      this.#entries.set(key, name);
      ({ index, term } = entry);
    }
  }

  /** One vote a term, and nothing said that a crash could unsay. */
  sent(host: Host, message: Message): void {
    if (!("term" in message)) return;
    const durable = host.durable.hardState;
    const isGrant = message.type === "vote-reply" && message.stage === "vote" && message.granted;
    const isOwnVote = message.type === "vote-request" && message.stage === "vote";
    if (isGrant || isOwnVote) {
      const [key, choice] = [`${message.term} ${host.id}`, isGrant ? message.to : host.id];
      const earlier = this.#votes.get(key) ?? choice;
      if (earlier !== choice)
        fail(`node ${host.id} votes for ${choice} in term ${message.term}, and did for ${earlier}`);
      this.#votes.set(key, choice);
    }
    // Accepting up to 0 is how an outdated leader is told of a later term.
    const isAccepted = message.type === "append-accepted" && message.index > 0n;
    const restsOnTerm = isGrant || isOwnVote || isFromLeader(message) || isAccepted;
    if (restsOnTerm && message.term > durable.term)
      fail(`node ${host.id} sends ${message.type} of term ${message.term}, and only ${durable.term} is durable`);
    if (message.type !== "append-accepted" || message.term < host.node.status.term) return;
    if (message.index > host.durable.lastIndex)
      fail(`node ${host.id} says it has ${message.index}, and only ${host.durable.lastIndex} is durable`);
  }

  /** What a client was answered is there for good. */
  acknowledged(operation: number, index: Index): void {
    const name = this.#committed[Number(index) - 1]?.name;
    if (!name?.endsWith(`: operation ${operation}`))
      fail(`write ${operation} was answered, and at ${index} is ${name}`);
  }

  /** State Machine Safety: at each index the same, on all. */
  applied(host: Host, entry: Entry): void {
    if (entry.index > host.durable.lastIndex)
      fail(`node ${host.id} applies ${entry.index}, which a crash may take from it`);
    const { digest } = host.machine;
    const known = this.#digests.get(entry.index) ?? digest;
    if (known !== digest) fail(`node ${host.id} has applied something else up to ${entry.index}`);
    this.#digests.set(entry.index, digest);
  }

  reconfigured(host: Host, index: Index, configuration: Configuration): void {
    const text = inWords(configuration);
    const known = this.#configurations.get(index) ?? text;
    if (known !== text) fail(`node ${host.id} has ${text} at ${index}, and others ${known}`);
    this.#configurations.set(index, text);
    this.#reconfigured.set(host.id, index);
  }

  /** A membership that was in force here is still known to be committed after a crash. */
  started({ id, durable }: Host): void {
    const index = this.#reconfigured.get(id) ?? 0n;
    if (durable.hardState.commit < index)
      fail(`node ${id} changed its membership at ${index}, and has only ${durable.hardState.commit} for committed`);
  }

  /** To be called after every step that a host took. */
  check(host: Host): void {
    if (!host.raft) return;
    const { role, term, committed, lastIndex, applied } = host.raft.status;
    const seen = this.#since(host);
    if (term < seen.term) fail(`node ${host.id} went back from term ${seen.term} to ${term}`);
    if (committed < seen.committed) fail(`node ${host.id} went back from commit ${seen.committed} to ${committed}`);
    if (applied > committed || committed > lastIndex) fail(`node ${host.id} has its marks in disorder`);
    if (role === "leader") this.#leads(host, term);
    this.#commits(host, committed, term);
    Object.assign(seen, { term, committed });
  }

  /** Election Safety and Leader Completeness. */
  #leads(host: Host, term: Term): void {
    const known = this.#leaders.get(term);
    if (known !== undefined && known !== host.id) fail(`nodes ${known} and ${host.id} both lead in term ${term}`);
    if (known === host.id) return;
    this.#leaders.set(term, host.id);
    for (let index = host.view.firstIndex; index <= this.committedIndex; index++) {
      const entry = this.#committed[Number(index) - 1]!;
      if (entry.in >= term) break;
      if (nameAt(host, index) !== entry.name)
        fail(
          `node ${host.id} leads in term ${term} without entry ${index} (${entry.name}), committed in term ${entry.in}`,
        );
    }
  }

  #commits(host: Host, committed: Index, term: Term): void {
    const { firstIndex } = host.view;
    const seen = this.#since(host).committed;
    for (let index = seen >= firstIndex ? seen + 1n : firstIndex; index <= committed; index++) {
      const name = nameAt(host, index);
      const known = this.#committed[Number(index) - 1];
      if (known && known.name !== name) fail(`node ${host.id} commits ${name} at ${index}, and ${known.name} was`);
      if (known) continue;
      if (index !== this.committedIndex + 1n) fail(`node ${host.id} commits ${index}, and nobody did ${index - 1n}`);
      this.#committed.push({ name, in: term });
    }
  }

  #since({ id, restarts }: Host): { committed: Index; term: Term } {
    const known = this.#seen.get(id);
    if (known?.restarts === restarts) return known;
    const fresh = { restarts, committed: 0n, term: 0n };
    this.#seen.set(id, fresh);
    return fresh;
  }
}

export function fail(what: string): never {
  throw new Error(what);
}

export function inWords({ voters, outgoing, learners, learnersNext, autoLeave }: Configuration): string {
  return `[${voters}]${outgoing.length > 0 ? ` from [${outgoing}]${autoLeave ? "" : "!"}` : ""} learners [${learners}] then [${learnersNext}]`;
}

function nameAt(host: Host, index: Index): string {
  if (index < host.view.firstIndex || index > host.view.lastIndex) return "nothing";
  const entry = host.view.entries(index, index, 0)[0]!;
  return `${entry.term}: ${nameOf(entry)}`;
}

function nameOf(entry: Entry): string {
  if (entry.kind === "data") return entry.data.length === 0 ? "nothing to do" : `operation ${operationOf(entry.data)}`;
  return `${entry.change.transition} ${entry.change.changes.map(({ kind, id }) => `${kind} ${id}`).join(", ")}`;
}
