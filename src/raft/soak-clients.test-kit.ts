import type { Chance } from "./chance.test-kit.ts";
import type { Entry, Index, NodeId } from "./entry.ts";
import type { Host } from "./host.test-kit.ts";
import { operationBytes, operationOf } from "./machine.test-kit.ts";
import type { ReadState } from "./ready.ts";
import { fail } from "./soak-invariants.test-kit.ts";

/** Something asked of a host and not answered yet. What a crash cuts off is never answered. */
interface Pending {
  readonly host: NodeId;
  readonly restarts: number;
  /** The newest version that anybody had been answered when this was asked. */
  readonly floor: Index;
}

/** Bytes by which operations are padded, at most. */
const maxPadding = 60;

/**
 * Clients of one replicated register. Its versions are the indexes of its writes, so its history is linearizable exactly when each
 * operation answers with a version that is not before what anybody had been answered when it was asked, and writes are new.
 */
export class Clients {
  readonly #chance: Chance;
  readonly #writes = new Map<number, Pending>();
  readonly #asked = new Map<number, Pending>();
  readonly #granted = new Map<NodeId, { readonly index: Index; readonly pending: Pending }[]>();
  #lastOperation = 0;
  #lastRead = 0;
  #newest: Index = 0n;
  /** Answered writes: operation → index. */
  readonly acknowledged = new Map<number, Index>();
  readsAnswered = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** Asks a host for some writes in one proposal; returns the last one. */
  write(host: Host, count: number): number {
    const operations = Array.from({ length: count }, () => ++this.#lastOperation);
    const result = host.node.propose(operations.map(op => operationBytes(op, this.#chance.below(maxPadding))));
    if (result.kind === "refused") return this.#lastOperation;
    for (const operation of operations) this.#writes.set(operation, this.#pending(host));
    return this.#lastOperation;
  }

  read(host: Host): void {
    const context = operationBytes(++this.#lastRead);
    if (host.node.readIndex(context).kind === "asked") this.#asked.set(this.#lastRead, this.#pending(host));
  }

  /** A host has applied an entry: if it is a write that it was asked for, its client is answered. */
  applied(host: Host, entry: Entry): void {
    if (entry.kind !== "data" || entry.data.length === 0) return;
    const operation = operationOf(entry.data);
    const pending = this.#writes.get(operation);
    if (!pending || pending.host !== host.id || pending.restarts !== host.restarts) return;
    this.#writes.delete(operation);
    if (entry.index <= pending.floor)
      fail(`write ${operation} got version ${entry.index} after ${pending.floor} was seen`);
    this.acknowledged.set(operation, entry.index);
    this.#see(entry.index);
  }

  /** A read may be served once its index is applied. */
  granted(host: Host, { context, index }: ReadState): void {
    const read = operationOf(context);
    const pending = this.#asked.get(read);
    this.#asked.delete(read);
    if (pending?.restarts !== host.restarts) return;
    const granted = this.#granted.get(host.id) ?? [];
    this.#granted.set(host.id, [...granted, { index, pending }]);
  }

  /** Serves what can be served now. */
  serve(host: Host): void {
    const granted = this.#granted.get(host.id);
    if (!granted) return;
    const waiting = granted.filter(({ index, pending }) => {
      if (pending.restarts !== host.restarts) return false;
      if (index > host.machine.index) return true;
      const { version } = host.machine;
      if (version < pending.floor) fail(`node ${host.id} serves version ${version} after ${pending.floor} was seen`);
      this.#see(version);
      this.readsAnswered += 1;
      return false;
    });
    if (waiting.length === 0) this.#granted.delete(host.id);
    else this.#granted.set(host.id, waiting);
  }

  #pending(host: Host): Pending {
    return { host: host.id, restarts: host.restarts, floor: this.#newest };
  }

  #see(version: Index): void {
    if (version > this.#newest) this.#newest = version;
  }
}
