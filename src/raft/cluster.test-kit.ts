import { defined } from "../lib/assert.ts";
import { Chance } from "./chance.test-kit.ts";
import type { NodeId } from "./entry.ts";
import { Host, type HostOptions, type HostWatcher } from "./host.test-kit.ts";
import type { Message } from "./message.ts";
import type { ReadState } from "./ready.ts";

const baseOptions = { electionTicks: 10, heartbeatTicks: 1 };

/** Steps after which a cluster that still has something to do is taken to be in a loop. */
const settleLimit = 100_000;

/** Hosts whose disks are fast and whose network keeps the order: for tests of one behaviour at a time. */
export class Cluster {
  readonly hosts = new Map<NodeId, Host>();
  readonly reads = new Map<NodeId, ReadState[]>();
  /** Everything that was sent, lost or not. */
  sent: Message[] = [];
  /** Messages this says false to are lost. */
  passes: (message: Message) => boolean = () => true;
  readonly #options: Partial<HostOptions>;
  readonly #cut = new Set<string>();
  #queue: Message[] = [];

  constructor(size: number, options: Partial<HostOptions> = {}) {
    this.#options = options;
    const ids = Array.from({ length: size }, (_, place) => BigInt(place + 1));
    for (const id of ids) this.add(id).found(ids);
    this.settle();
  }

  /** A host with an empty disk, not started. */
  add(id: NodeId): Host {
    const chance = new Chance(Number(id));
    const watcher: HostWatcher = {
      reads: (host, read) => this.reads.set(host.id, [...(this.reads.get(host.id) ?? []), read]),
    };
    const host = new Host(id, { ...baseOptions, random: chance.float, ...this.#options }, watcher);
    this.hosts.set(id, host);
    return host;
  }

  host(id: NodeId): Host {
    return defined(this.hosts.get(id), `host ${id}`);
  }

  node(id: NodeId) {
    return this.host(id).node;
  }

  /** Elects that node, whatever the others' timers say. */
  elect(id: NodeId): void {
    for (const host of this.up()) if (host.id !== id) host.node.unreachable(host.node.status.leader);
    this.#queue = [];
    for (const host of this.up()) host.outgoing = [];
    this.node(id).unreachable(this.node(id).status.leader);
    this.node(id).campaign();
    this.settle();
  }

  /** Lets every host tick, and everything happen that follows. */
  tick(times = 1): void {
    for (let time = 0; time < times; time++) {
      for (const host of this.up()) host.node.tick();
      this.settle();
    }
  }

  /** Until nothing is left to deliver, to save and to apply. */
  settle(): void {
    for (let step = 0; step < settleLimit; step++) {
      for (const host of this.up()) this.#work(host);
      const message = this.#queue.shift();
      if (!message) return;
      const to = this.hosts.get(message.to);
      if (!to?.raft || this.#cut.has(`${message.from} ${message.to}`) || !this.passes(message)) continue;
      to.raft.receive(message);
    }
    throw new Error("the cluster does not settle");
  }

  cutOneWay(from: NodeId, to: NodeId): void {
    this.#cut.add(`${from} ${to}`);
  }

  /** Cuts a host off from all others. */
  isolate(id: NodeId): void {
    for (const other of this.hosts.keys()) {
      this.cutOneWay(id, other);
      this.cutOneWay(other, id);
    }
  }

  heal(): void {
    this.#cut.clear();
  }

  up(): Host[] {
    return [...this.hosts.values()].filter(host => host.raft);
  }

  /** Those that lead, in whatever term. */
  leaders(): NodeId[] {
    return this.up().flatMap(host => (host.node.status.role === "leader" ? [host.id] : []));
  }

  #work(host: Host): void {
    host.pump();
    while (host.sync() || host.applyPage());
    this.sent.push(...host.outgoing);
    this.#queue.push(...host.outgoing);
    host.outgoing = [];
  }
}
