import { describe, expect, it } from "vitest";
import { Cluster } from "./cluster.test-kit.ts";
import { operationBytes } from "./machine.test-kit.ts";
import type { Message } from "./message.ts";

/** Twice the longest election timeout, in ticks. */
const longEnough = 40;

describe("an election", () => {
  it.each([1, 2, 3, 5])("among %i gives one leader, whom all know", size => {
    const cluster = new Cluster(size);
    cluster.tick(longEnough);
    const [leader, ...others] = cluster.leaders();
    expect(others).toEqual([]);
    for (const host of cluster.up()) expect(host.node.status.leader).toBe(leader);
  });

  it("comes again when the leader is gone, and gives one in a later term", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    const { term } = cluster.node(1n).status;
    cluster.host(1n).crash();
    cluster.tick(longEnough);
    const [leader] = cluster.leaders();
    expect([2n, 3n]).toContain(leader);
    expect(cluster.node(leader!).status.term).toBeGreaterThan(term);
  });

  it("comes at once when the connection to the leader breaks, and is not split by all who notice", () => {
    const cluster = new Cluster(5);
    cluster.elect(1n);
    cluster.host(1n).crash();
    for (const host of cluster.up()) host.node.unreachable(1n);
    cluster.settle();
    expect(cluster.leaders()).toHaveLength(1);
    expect(cluster.up().map(host => host.node.status.term)).toEqual([3n, 3n, 3n, 3n]);
  });

  it("comes as soon as the others miss the leader too, when one has noticed before", () => {
    const cluster = new Cluster(3, { heartbeatTicks: 2, random: () => 0.99 });
    cluster.elect(1n);
    cluster.tick(2);
    cluster.host(1n).crash();
    cluster.node(3n).unreachable(1n);
    cluster.tick(9);
    expect(cluster.leaders()).toEqual([]);
    cluster.tick(2);
    expect(cluster.leaders()).toEqual([3n]);
  });

  it("comes soon again when a last word of the dead leader ended the first try", () => {
    const cluster = new Cluster(3, { random: () => 0.99 });
    cluster.elect(1n);
    cluster.tick();
    const { term } = cluster.node(1n).status;
    cluster.host(1n).crash();
    for (const host of cluster.up()) {
      host.node.unreachable(1n);
      const lastWord = {
        type: "heartbeat",
        from: 1n,
        to: host.id,
        term,
        commit: 0n,
        context: new Uint8Array(),
      } as const;
      host.node.receive(lastWord);
    }
    cluster.tick(2);
    expect(cluster.node(2n).status).toMatchObject({ role: "follower", leader: 1n });
    cluster.tick(2);
    expect(cluster.leaders()).toHaveLength(1);
  });

  it("comes though one that all give way to hears nobody", () => {
    const cluster = new Cluster(5);
    cluster.elect(1n);
    cluster.host(1n).crash();
    for (const id of [3n, 4n, 5n]) cluster.cutOneWay(id, 2n);
    for (const host of cluster.up()) host.node.unreachable(1n);
    cluster.settle();
    expect(cluster.leaders()).toEqual([]);
    cluster.tick(longEnough);
    expect(cluster.leaders()).toHaveLength(1);
  });

  it("is not waited for by a node that is alone, but for as long as a leader of a later membership needs to be heard", () => {
    const cluster = new Cluster(1);
    cluster.tick(2);
    expect(cluster.leaders()).toEqual([]);
    cluster.tick(1);
    expect(cluster.leaders()).toEqual([1n]);
  });

  it("is waited for with no leader in mind, by those too that do not count", () => {
    const cluster = new Cluster(1);
    cluster.elect(1n);
    cluster.add(2n).start();
    const changes = [{ kind: "add-learner", id: 2n }] as const;
    cluster.node(1n).proposeConfigChange({ transition: "auto", changes, tag: 0n, context: new Uint8Array() });
    cluster.tick(2);
    expect(cluster.node(2n).status.leader).toBe(1n);
    cluster.host(1n).crash();
    cluster.tick(longEnough);
    expect(cluster.node(2n).status).toMatchObject({ role: "follower", leader: 0n });
  });

  it("is not disturbed by messages for somebody else", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    const heartbeat = { type: "heartbeat", from: 3n, to: 9n, term: 9n, commit: 0n, context: new Uint8Array() } as const;
    cluster.node(1n).receive(heartbeat);
    expect(cluster.node(1n).status).toMatchObject({ role: "leader", term: 2n });
  });

  it("does not come when the leader lives, though some lost their connection to it", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    cluster.node(2n).unreachable(1n);
    cluster.settle();
    cluster.tick(2);
    expect([cluster.leaders(), cluster.node(2n).status.leader, cluster.node(1n).status.term]).toEqual([[1n], 1n, 2n]);
  });

  it("does not come when somebody else is unreachable", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    const before = cluster.sent.length;
    cluster.node(2n).unreachable(3n);
    cluster.settle();
    expect(cluster.sent).toHaveLength(before);
  });

  it("is not won without a majority", () => {
    const cluster = new Cluster(5);
    for (const id of [3n, 4n, 5n]) cluster.host(id).crash();
    cluster.tick(200);
    expect(cluster.leaders()).toEqual([]);
    expect(cluster.up().map(host => host.node.status.term)).toEqual([1n, 1n]);
  });

  it("is not won by who lacks something committed", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    cluster.isolate(3n);
    cluster.node(1n).propose([operationBytes(1)]);
    cluster.settle();
    cluster.heal();
    cluster.host(1n).crash();
    cluster.tick(longEnough);
    expect(cluster.leaders()).toEqual([2n]);
  });
});

describe("a node that was cut off", () => {
  it("does not depose the leader when it comes back", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    cluster.isolate(3n);
    cluster.tick(200);
    expect(cluster.node(3n).status.term).toBe(2n);
    cluster.heal();
    cluster.tick(5);
    expect(cluster.leaders()).toEqual([1n]);
    expect(cluster.up().map(host => host.node.status.term)).toEqual([2n, 2n, 2n]);
  });

  it("does not depose a leader that it cannot hear but that others can", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    cluster.cutOneWay(1n, 3n);
    cluster.tick(200);
    expect([cluster.leaders(), cluster.node(1n).status.term]).toEqual([[1n], 2n]);
  });

  it("gets a leader to give way that it is ahead of, and follows the next", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    // A candidate of term 9, from a time without pre-votes.
    const request = { lastIndex: 0n, lastTerm: 0n, transfer: true, commitIndex: 0n, commitTerm: 0n };
    cluster.node(3n).receive({ type: "vote-request", from: 2n, to: 3n, term: 9n, stage: "vote", ...request });
    cluster.tick(longEnough);
    expect(cluster.leaders()).toHaveLength(1);
    expect(cluster.node(3n).status.leader).toBe(cluster.leaders()[0]);
    expect(cluster.node(1n).status.term).toBeGreaterThanOrEqual(9n);
  });
});

describe("a leader", () => {
  it("gives up when it hears no quorum any more, in both directions or in one", () => {
    for (const cut of ["both", "in"]) {
      const cluster = new Cluster(3);
      cluster.elect(1n);
      if (cut === "both") cluster.isolate(1n);
      else for (const id of [2n, 3n]) cluster.cutOneWay(id, 1n);
      cluster.tick(2 * 10);
      expect(cluster.node(1n).status.role).not.toBe("leader");
      cluster.tick(longEnough);
      if (cut === "both") expect(cluster.leaders()).toHaveLength(1);
    }
  });

  it("goes on while it hears a quorum", () => {
    const cluster = new Cluster(5);
    cluster.elect(1n);
    for (const id of [4n, 5n]) cluster.host(id).crash();
    cluster.tick(100);
    expect([cluster.leaders(), cluster.node(1n).status.term]).toEqual([[1n], 2n]);
  });

  it("is another one once it steps down", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    cluster.node(1n).stepDown();
    expect(cluster.node(1n).status).toMatchObject({ role: "follower", leader: 0n, term: 2n });
    cluster.tick(longEnough);
    expect(cluster.leaders()).toHaveLength(1);
    expect(cluster.node(1n).status.term).toBeGreaterThan(2n);
  });
});

describe("heartbeats", () => {
  it("go to everybody at their interval", () => {
    const cluster = new Cluster(3, { heartbeatTicks: 3 });
    cluster.elect(1n);
    const isHeartbeat = (message: Message): boolean => message.type === "heartbeat";
    const before = cluster.sent.filter(isHeartbeat).length;
    cluster.tick(9);
    expect(cluster.sent.filter(isHeartbeat).length - before).toBe(3 * 2);
  });
});
