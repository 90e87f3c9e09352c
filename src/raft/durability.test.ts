import { describe, expect, it } from "vitest";
import { Chance } from "./chance.test-kit.ts";
import { Cluster } from "./cluster.test-kit.ts";
import { Host } from "./host.test-kit.ts";
import { entriesOf, hear, logOf, lone, said } from "./lone.test-kit.ts";
import { operationBytes, TestMachine } from "./machine.test-kit.ts";
import type { Message } from "./message.ts";

const append = (term: bigint, prevIndex: bigint, prevTerm: bigint, terms: readonly number[]): Message => {
  return {
    type: "append",
    from: 2n,
    to: 1n,
    term,
    prevIndex,
    prevTerm,
    entries: entriesOf(terms, prevIndex + 1n),
    commit: 0n,
  };
};

describe("what a node says", () => {
  it("waits for the save that it rests on, and for those before", () => {
    const host = lone();
    host.node.receive(append(1n, 0n, 0n, [1]));
    host.pump();
    host.node.receive(append(1n, 0n, 0n, [1]));
    host.node.receive(append(1n, 1n, 1n, [1]));
    host.pump();
    expect([host.outgoing, host.unsynced]).toEqual([[], 2]);
    host.sync();
    expect(host.outgoing).toMatchObject([{ type: "append-accepted", index: 1n }]);
    host.sync();
    expect(host.outgoing.slice(1)).toMatchObject([
      { type: "append-accepted", index: 1n },
      { type: "append-accepted", index: 2n },
    ]);
  });

  it("does not wait for a commit index that is on its way to the disk", () => {
    const host = lone({ log: [1, 1] });
    said(host);
    host.node.receive({ type: "heartbeat", from: 2n, to: 1n, term: 1n, commit: 1n, context: new Uint8Array() });
    host.node.receive(append(1n, 2n, 1n, []));
    host.pump();
    expect(host.unsynced).toBe(1);
    expect(host.outgoing.map(message => message.type)).toEqual(["heartbeat-reply", "append-accepted"]);
  });
});

describe("what is to be saved", () => {
  it("must be synced unless it is but the commit index", () => {
    const host = lone({ log: [1, 1] });
    host.node.receive({ type: "heartbeat", from: 2n, to: 1n, term: 1n, commit: 1n, context: new Uint8Array() });
    expect(host.node.ready()?.save).toMatchObject({ mustSync: false, entries: [], hardState: { commit: 1n } });
    host.node.receive({ type: "heartbeat", from: 2n, to: 1n, term: 2n, commit: 1n, context: new Uint8Array() });
    expect(host.node.ready()?.save).toMatchObject({ mustSync: true, hardState: { term: 2n } });
    host.node.receive(append(2n, 2n, 1n, [2]));
    expect(host.node.ready()?.save).toMatchObject({ mustSync: true, entries: [{ index: 3n }], hardState: undefined });
    expect(host.node.ready()).toBeUndefined();
  });

  it("is a snapshot in the place of the log, and what comes after it", () => {
    const host = lone({ log: [1, 1] });
    const { configuration } = host.node;
    const snapshot = { index: 9n, term: 2n, configuration, data: new TestMachine().encode() };
    host.node.receive({ type: "snapshot", from: 2n, to: 1n, term: 3n, snapshot });
    host.node.receive(append(3n, 9n, 2n, [3]));
    const ready = host.node.ready();
    expect(ready?.save).toMatchObject({
      snapshot: { index: 9n },
      entries: [{ index: 10n }],
      hardState: { commit: 9n },
    });
    expect([ready?.messages, ready?.committed]).toEqual([[], []]);
    expect(host.node.status).toMatchObject({ firstIndex: 10n, lastIndex: 10n, committed: 9n, applied: 9n });
  });
});

describe("a restart", () => {
  it("finds everything that was said", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    cluster.node(1n).propose([operationBytes(1), operationBytes(2)]);
    cluster.settle();
    const before = logOf(cluster.host(1n));
    for (const host of cluster.up()) host.crash();
    for (const host of cluster.hosts.values()) host.start();
    cluster.tick(40);
    expect(cluster.leaders()).toHaveLength(1);
    expect(logOf(cluster.host(1n)).slice(0, before.length)).toEqual(before);
    expect(cluster.up().map(host => host.machine.value)).toEqual([2, 2, 2]);
  });

  it("goes on from a snapshot, with the membership and the state in it", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    cluster.node(1n).propose([operationBytes(1), operationBytes(2)]);
    cluster.settle();
    const host = cluster.host(1n);
    const { machine } = host;
    host.compact(1n);
    host.crash();
    host.start();
    expect(host.machine).toEqual(machine);
    expect(host.node.configuration.voters).toEqual([1n, 2n, 3n]);
    expect(host.node.status).toMatchObject({ firstIndex: machine.index, applied: machine.index });
  });

  it("takes the term of the last entry when the crash came before the term was written", () => {
    const host = lone({ log: [1, 1], hardState: { vote: 3n } });
    host.node.receive(append(4n, 2n, 1n, [4]));
    host.pump();
    host.crash(0, 0.5);
    expect(host.durable.lastIndex).toBe(3n);
    expect(host.durable.hardState).toMatchObject({ term: 1n, vote: 3n });
    host.start();
    expect(host.node.status).toMatchObject({ term: 4n, vote: 0n, lastIndex: 3n });
    said(host);
    expect(host.durable.hardState.term).toBe(4n);
  });

  it("does not go on when what was committed is gone", () => {
    const host = lone({ log: [1, 1, 1], hardState: { commit: 3n } });
    host.crash();
    host.durable.append(entriesOf([1], 2n));
    expect(() => host.start()).toThrow("Cannot open the log: it ends at 2 and 3 was committed");
  });

  it("forgets what was never said", () => {
    const host = lone({ log: [1] });
    host.node.receive(append(1n, 1n, 1n, [1, 1]));
    host.pump();
    host.crash();
    host.start();
    expect(logOf(host)).toEqual([1n]);
    expect(hear(host, append(1n, 1n, 1n, [1]))).toMatchObject([{ type: "append-accepted", index: 2n }]);
  });
});

describe("a change of membership", () => {
  it("is in force only once its being committed is durable: its node must not come back with the one before", () => {
    const host = new Host(1n, { electionTicks: 10, heartbeatTicks: 1, random: new Chance(1).float });
    host.found([1n]);
    said(host);
    host.node.campaign();
    said(host);
    const changes = [{ kind: "add-voter", id: 2n }] as const;
    host.node.proposeConfigChange({ transition: "auto", changes, tag: 0n, context: new Uint8Array() });
    host.pump();
    while (host.node.configuration.voters.length === 1 && (host.sync() || host.applyPage()));
    expect(host.node.configuration.voters).toEqual([1n, 2n]);
    host.crash();
    host.start();
    host.node.campaign();
    said(host);
    expect([host.node.status.role, host.node.configuration.voters]).toEqual(["follower", [1n, 2n]]);
    host.node.campaign();
    said(host);
    expect(host.node.status.role).toBe("pre-candidate");
  });
});
