import { describe, expect, it } from "vitest";
import { Cluster } from "./cluster.test-kit.ts";
import { elected, entriesOf, hear, logOf, lone, said } from "./lone.test-kit.ts";
import { operationBytes } from "./machine.test-kit.ts";
import type { Append, Message } from "./message.ts";

function append(prev: [number, number], terms: readonly number[], rest: Partial<Append> = {}): Append {
  const [prevIndex, prevTerm] = prev.map(BigInt) as [bigint, bigint];
  const entries = entriesOf(terms, prevIndex + 1n);
  return { type: "append", from: 2n, to: 1n, term: 5n, prevIndex, prevTerm, entries, commit: 0n, ...rest };
}

const accepted = (from: bigint, term: bigint, index: bigint): Message => ({
  type: "append-accepted",
  from,
  to: 1n,
  term,
  index,
});

const appendsTo = (id: bigint, messages: readonly Message[]): Append[] => {
  return messages.filter((message): message is Append => message.type === "append" && message.to === id);
};

function write(cluster: Cluster, id: bigint, ...operations: readonly number[]): void {
  cluster.node(id).propose(operations.map(operation => operationBytes(operation)));
  cluster.settle();
}

describe("a follower", () => {
  it("takes the leader's log for its own, and says so once it is durable", () => {
    const host = lone({ log: [1, 2, 2] });
    host.node.receive(append([1, 1], [3, 3]));
    host.pump();
    expect(host.outgoing).toEqual([]);
    expect(said(host)).toEqual([{ ...accepted(1n, 5n, 3n), to: 2n }]);
    expect(logOf(host)).toEqual([1n, 3n, 3n]);
    expect(host.durable.lastIndex).toBe(3n);
  });

  it("refuses what does not follow its log, with a hint where it may", () => {
    const refusal = { type: "append-rejected", index: 6n };
    const hints: [number[], [number, number], object][] = [
      [[1, 2, 2], [6, 4], { hintIndex: 3n, hintTerm: 2n }],
      [[1, 1, 3, 3, 3, 3], [6, 2], { hintIndex: 2n, hintTerm: 1n }],
      [[3, 3, 3, 3, 3, 3], [6, 2], { hintIndex: 0n, hintTerm: 0n }],
    ];
    for (const [log, prev, hint] of hints)
      expect(hear(lone({ log }), append(prev, [5]))).toMatchObject([{ ...refusal, ...hint }]);
  });

  it("commits no further than what it shares with the leader, whatever else it has", () => {
    const host = lone({ log: [1, 1, 1, 1] });
    hear(host, append([1, 1], [1], { commit: 4n }));
    expect(host.node.status.committed).toBe(2n);
    hear(host, append([2, 1], [], { commit: 4n }));
    expect(host.node.status.committed).toBe(2n);
    hear(host, { type: "heartbeat", from: 2n, to: 1n, term: 5n, commit: 3n, context: new Uint8Array() });
    expect(host.node.status.committed).toBe(3n);
  });

  it("answers an append from before its commit index with that", () => {
    const host = lone({ log: [1, 1, 1], hardState: { commit: 3n } });
    expect(hear(host, append([1, 1], [1]))).toEqual([{ ...accepted(1n, 5n, 3n), to: 2n }]);
  });

  it("stops everything when it would have to commit what it does not have, or to drop what is committed", () => {
    const host = lone({ log: [1, 1], hardState: { commit: 2n } });
    const heartbeat = { type: "heartbeat", from: 2n, to: 1n, term: 5n, context: new Uint8Array() } as const;
    expect(() => host.node.receive({ ...heartbeat, commit: 3n })).toThrow("Cannot commit up to 3: the log ends at 2");
    const other = lone({ log: [1, 1, 1], hardState: { commit: 2n } });
    expect(() => other.node.receive(append([2, 1], [2]))).not.toThrow();
  });

  it("drops appends that do not count right", () => {
    const host = lone({ log: [1] });
    const [first, second] = entriesOf([1, 1], 2n) as [never, never];
    for (const entries of [[second], [second, first], [{ ...(first as object), term: 9n } as never]])
      expect(hear(host, append([1, 1], [], { entries }))).toEqual([]);
    expect(logOf(host)).toEqual([1n]);
  });

  it("tells a leader of an earlier term that there is a later one", () => {
    const host = lone({ hardState: { term: 7n } });
    expect(hear(host, append([0, 0], [5]))).toEqual([{ ...accepted(1n, 7n, 0n), to: 2n }]);
    expect(logOf(host)).toEqual([]);
  });
});

describe("a leader", () => {
  it("puts what is proposed between two Readys into one append a follower", () => {
    const host = lone();
    elected(host);
    for (const operation of [1, 2, 3]) host.node.propose([operationBytes(operation)]);
    const appends = said(host);
    expect(appends).toHaveLength(1);
    expect(appendsTo(2n, appends)).toMatchObject([
      { prevIndex: 1n, entries: [{ index: 2n }, { index: 3n }, { index: 4n }] },
    ]);
  });

  it("tells along with the next entries that earlier ones are committed", () => {
    const host = lone();
    const term = elected(host);
    host.node.propose([operationBytes(1)]);
    said(host);
    expect(hear(host, accepted(2n, term, 2n))).toEqual([]);
    host.node.propose([operationBytes(2)]);
    expect(appendsTo(2n, said(host))).toMatchObject([{ entries: [{ index: 3n }], commit: 2n }]);
  });

  it("tells at once that a change of membership is committed", () => {
    const host = lone();
    const term = elected(host);
    const change = { kind: "add-learner", id: 4n } as const;
    host.node.proposeConfigChange({ transition: "auto", changes: [change], tag: 0n, context: new Uint8Array() });
    said(host);
    const told = hear(host, accepted(2n, term, 2n));
    expect(appendsTo(2n, told)).toMatchObject([{ entries: [], commit: 2n }]);
  });

  it("sends on without waiting for answers, until the window is full", () => {
    const host = lone({ options: { maxMessageBytes: 1, maxInflightMessages: 3 } });
    const term = elected(host);
    host.node.propose([1, 2, 3, 4, 5].map(operation => operationBytes(operation)));
    expect(appendsTo(2n, said(host)).map(message => message.prevIndex)).toEqual([1n, 2n, 3n]);
    expect(said(host)).toEqual([]);
    const more = appendsTo(2n, hear(host, accepted(2n, term, 3n)));
    expect(more.flatMap(message => message.entries.map(entry => entry.index))).toEqual([5n, 6n]);
  });

  it("sends while its own disk is at work, and counts itself only when that is done", () => {
    const host = lone();
    const term = elected(host);
    host.node.propose([operationBytes(1)]);
    host.pump();
    expect(appendsTo(2n, host.outgoing)).toHaveLength(1);
    host.node.receive(accepted(2n, term, 2n));
    host.pump();
    expect(host.node.status.committed).toBe(1n);
    host.node.propose([operationBytes(2)]);
    host.pump();
    host.node.receive(accepted(2n, term, 3n));
    host.sync();
    expect(host.node.status.committed).toBe(2n);
    host.sync();
    expect(host.node.status.committed).toBe(3n);
  });

  it("applies only what its own disk has, though others committed it", () => {
    const host = lone();
    const term = elected(host);
    host.node.propose([operationBytes(1)]);
    host.pump();
    for (const id of [2n, 3n]) host.node.receive(accepted(id, term, 2n));
    host.pump();
    expect([host.node.status.committed, host.unapplied]).toEqual([2n, 0]);
    host.sync();
    expect(host.unapplied).toBe(1);
  });

  it("commits nothing of an earlier term by counting (Raft, figure 8)", () => {
    const host = lone({ log: [1, 2] });
    const term = elected(host, false);
    hear(host, accepted(2n, term, 2n));
    expect(host.node.status.committed).toBe(0n);
    hear(host, accepted(2n, term, 3n));
    expect(host.node.status.committed).toBe(3n);
  });

  it("does not count what was acknowledged in an earlier term", () => {
    const host = lone({ log: [1] });
    const term = elected(host, false);
    hear(host, accepted(2n, term - 1n, 2n), { ...accepted(3n, term - 1n, 2n) });
    expect(host.node.status.committed).toBe(0n);
  });

  it("does not believe in entries that it never sent", () => {
    const host = lone();
    const term = elected(host, false);
    hear(host, accepted(2n, term, 9n));
    expect(host.node.status.committed).toBe(0n);
    hear(host, accepted(9n, term, 1n));
    expect(host.node.status.committed).toBe(0n);
  });

  it("goes back a term at a time, not an entry at a time", () => {
    const host = lone({ log: [1, 1, 1, 1, 4, 4, 4, 4] });
    const term = elected(host, false);
    // Follower 2 has 1 1 1 1 2 2 2 2 2 2: asked for index 8 in term 4, it says that up to there it has nothing later than term 2.
    const reply = { from: 2n, to: 1n, term, type: "append-rejected", index: 8n, hintIndex: 8n, hintTerm: 2n } as const;
    const [probe] = appendsTo(2n, hear(host, reply));
    expect(probe).toMatchObject({ prevIndex: 4n, prevTerm: 1n });
    expect(probe?.entries.map(entry => entry.index)).toEqual([5n, 6n, 7n, 8n, 9n]);
  });

  it("sends again what may be lost once the follower is heard of", () => {
    const host = lone();
    const term = elected(host);
    host.node.propose([operationBytes(1)]);
    said(host);
    const reply = { type: "heartbeat-reply", from: 2n, to: 1n, term, context: new Uint8Array() } as const;
    expect(appendsTo(2n, hear(host, reply))).toMatchObject([{ prevIndex: 2n, entries: [] }]);
    const rejected = {
      type: "append-rejected",
      from: 2n,
      to: 1n,
      term,
      index: 2n,
      hintIndex: 1n,
      hintTerm: term,
    } as const;
    expect(appendsTo(2n, hear(host, rejected))).toMatchObject([{ prevIndex: 1n, entries: [{ index: 2n }] }]);
  });

  it("tells in heartbeats no more than the follower is known to have", () => {
    const host = lone();
    const term = elected(host);
    host.node.tick();
    const commits = said(host).flatMap(message => (message.type === "heartbeat" ? [[message.to, message.commit]] : []));
    expect(commits).toEqual([
      [2n, 1n],
      [3n, 0n],
    ]);
    expect(term).toBe(1n);
  });

  it("stops everything when another node leads in its term", () => {
    const host = lone();
    const term = elected(host);
    expect(() => host.node.receive(append([0, 0], [], { term }))).toThrow("Cannot go on: node 2 leads in term 1 too");
  });
});

describe("a cluster", () => {
  it("applies the same on all", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    write(cluster, 1n, 1, 2, 3);
    cluster.tick();
    expect(cluster.up().map(host => [host.machine.value, host.machine.digest])).toEqual(
      Array(3).fill([3, cluster.host(1n).machine.digest]),
    );
  });

  it("replaces what a follower has from leaders that did not prevail", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    cluster.isolate(1n);
    write(cluster, 1n, 1, 2, 3);
    cluster.elect(2n);
    write(cluster, 2n, 4);
    cluster.heal();
    cluster.tick(3);
    expect(logOf(cluster.host(1n))).toEqual(logOf(cluster.host(2n)));
    expect(cluster.up().map(host => host.machine.value)).toEqual([4, 4, 4]);
  });

  it("brings a follower up to date that was away, entry by entry or by a snapshot", () => {
    for (const compacted of [false, true]) {
      const cluster = new Cluster(3, { maxMessageBytes: 60 });
      cluster.elect(1n);
      cluster.host(3n).crash();
      for (let operation = 1; operation <= 50; operation++) write(cluster, 1n, operation);
      if (compacted) expect(cluster.host(1n).compact(2n)).toBe(true);
      cluster.host(3n).start();
      cluster.tick(3);
      write(cluster, 1n, 51);
      cluster.tick();
      expect(cluster.host(3n).machine).toEqual(cluster.host(1n).machine);
      expect(cluster.sent.some(message => message.type === "snapshot")).toBe(compacted);
    }
  });

  it("sends a snapshot again that got lost, when told so or after a while", () => {
    for (const told of [true, false]) {
      const cluster = new Cluster(3, { snapshotPatienceTicks: 20 });
      cluster.elect(1n);
      cluster.host(3n).crash();
      write(cluster, 1n, 1, 2, 3);
      cluster.host(1n).compact(0n);
      cluster.host(3n).start();
      cluster.passes = message => message.type !== "snapshot";
      cluster.tick(3);
      cluster.passes = () => true;
      expect(cluster.node(1n).status.peers.get(3n)?.state).toBe("snapshot");
      if (told) cluster.node(1n).snapshotEnded(3n, false);
      cluster.tick(told ? 3 : 25);
      expect(cluster.host(3n).machine).toEqual(cluster.host(1n).machine);
      expect(cluster.node(1n).status.peers.get(3n)?.state).toBe("replicate");
    }
  });

  it("waits with a snapshot until it is at hand", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    cluster.host(3n).crash();
    write(cluster, 1n, 1, 2, 3);
    cluster.host(1n).hasSnapshotAtHand = () => false;
    cluster.host(1n).compact(0n);
    cluster.host(3n).start();
    cluster.tick(5);
    expect([cluster.host(3n).machine.value, cluster.node(1n).status.peers.get(3n)?.state]).toEqual([0, "probe"]);
    cluster.host(1n).hasSnapshotAtHand = () => true;
    cluster.tick(2);
    expect(cluster.host(3n).machine).toEqual(cluster.host(1n).machine);
  });

  it("does not go back to a snapshot from before what is committed", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    write(cluster, 1n, 1, 2, 3);
    cluster.tick();
    const host = cluster.host(2n);
    host.compact(0n);
    const { index } = host.machine;
    const snapshot = { index: 2n, term: 1n, configuration: host.node.configuration, data: new Uint8Array(16) };
    const answers = hear(host, { type: "snapshot", from: 1n, to: 2n, term: host.node.status.term, snapshot });
    expect(answers).toMatchObject([{ type: "append-accepted", index }]);
    expect([host.machine.value, host.node.status.committed]).toEqual([3, index]);
  });

  it("goes on from what a follower has, if that includes the snapshot already", () => {
    const host = lone({ log: [1, 1, 1] });
    const { configuration } = host.node;
    const snapshot = { index: 2n, term: 1n, configuration, data: new Uint8Array(16) };
    const [answer] = hear(host, { type: "snapshot", from: 2n, to: 1n, term: 1n, snapshot });
    expect(answer).toMatchObject({ type: "append-accepted", index: 2n });
    expect([logOf(host), host.node.status.committed]).toEqual([[1n, 1n, 1n], 2n]);
  });
});
