import { Chance } from "./chance.test-kit.ts";
import type { NodeId } from "./entry.ts";
import { Host } from "./host.test-kit.ts";
import { operationBytes } from "./machine.test-kit.ts";

/** A tick lasts that long, in milliseconds; with `heartbeatTicks` and `electionTicks` what a swarm's managers run with. */
const tickMs = 50;
const ticks = { heartbeatTicks: 2, electionTicks: 20 };
/** How long messages and disks take, in milliseconds, at least and at most. */
const latencyMs = [0.1, 3] as const;
const syncMs = [0.5, 15] as const;

/** A cluster in simulated time: messages and disks take their time, and clocks tick out of step. For measuring how long things take. */
export class TimedCluster {
  readonly hosts: Host[] = [];
  readonly #chance: Chance;
  readonly #events: { readonly at: number; readonly happen: () => void }[] = [];
  /** When the last message from one to another arrives: a connection keeps the order. */
  readonly #lastArrival = new Map<string, number>();
  readonly #busyDisks = new Set<NodeId>();
  readonly #stopped = new Set<NodeId>();
  now = 0;

  constructor(size: number, seed: number) {
    this.#chance = new Chance(seed);
    const ids = Array.from({ length: size }, (_, place) => BigInt(place + 1));
    for (const id of ids) {
      const host = new Host(id, { ...ticks, random: this.#chance.float });
      this.hosts.push(host);
      host.found(ids);
      this.after(this.#chance.float() * tickMs, () => this.#tick(host));
    }
  }

  /** Whoever leads in the latest term and is not stopped. */
  get leader(): Host | undefined {
    const leaders = this.hosts.filter(host => !this.#stopped.has(host.id) && host.node.status.role === "leader");
    return leaders.sort((a, b) => Number(b.node.status.term - a.node.status.term))[0];
  }

  get others(): readonly Host[] {
    return this.hosts.filter(host => host !== this.leader);
  }

  /** It hears and says nothing any more, and nobody is told. */
  stop(host: Host): void {
    this.#stopped.add(host.id);
  }

  /** Tells a node after a moment that its connection to another one broke. */
  breaks(host: Host, to: NodeId, withinMs: number): void {
    this.after(this.#chance.float() * withinMs, () => this.#do(host, () => host.node.unreachable(to)));
  }

  /** Milliseconds until the cluster takes a write, from whoever leads by then. */
  untilWrite(operation: number): number {
    const start = this.now;
    let asked: Host | undefined;
    this.runUntil(() => {
      const { leader } = this;
      if (leader && leader !== asked) this.#do(leader, () => leader.node.propose([operationBytes(operation)]));
      asked = leader;
      return this.hosts.some(host => host.machine.value === operation);
    });
    return this.now - start;
  }

  runUntil(isSo: () => boolean, limitMs = 60_000): void {
    const end = this.now + limitMs;
    while (!isSo()) {
      const next = this.#events.shift();
      if (!next || next.at > end) throw new Error("it does not come to that");
      this.now = next.at;
      next.happen();
    }
  }

  run(ms: number): void {
    let isOver = false;
    this.after(ms, () => {
      isOver = true;
    });
    this.runUntil(() => isOver);
  }

  after(ms: number, happen: () => void): void {
    const at = this.now + ms;
    const place = this.#events.findIndex(event => event.at > at);
    this.#events.splice(place < 0 ? this.#events.length : place, 0, { at, happen });
  }

  #tick(host: Host): void {
    this.#do(host, () => host.node.tick());
    this.after(tickMs, () => this.#tick(host));
  }

  #do(host: Host, what: () => void): void {
    if (this.#stopped.has(host.id)) return;
    what();
    host.pump();
    while (host.applyPage());
    if (host.unsynced > 0 && !this.#busyDisks.has(host.id)) {
      this.#busyDisks.add(host.id);
      this.after(this.#between(syncMs), () => {
        this.#busyDisks.delete(host.id);
        this.#do(host, () => host.sync());
      });
    }
    for (const message of host.outgoing) {
      const link = `${message.from} ${message.to}`;
      const at = Math.max(this.now + this.#between(latencyMs), this.#lastArrival.get(link) ?? 0);
      this.#lastArrival.set(link, at);
      const to = this.hosts.find(({ id }) => id === message.to);
      if (to) this.after(at - this.now, () => this.#do(to, () => to.node.receive(message)));
    }
    host.outgoing = [];
  }

  #between([least, most]: readonly [number, number]): number {
    return least + this.#chance.float() * (most - least);
  }
}
