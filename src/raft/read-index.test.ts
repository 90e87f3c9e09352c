import { describe, expect, it } from "vitest";
import { Cluster } from "./cluster.test-kit.ts";
import { elected, hear, lone, said } from "./lone.test-kit.ts";
import { operationBytes } from "./machine.test-kit.ts";
import type { Heartbeat, Message } from "./message.ts";
import type { ReadState } from "./ready.ts";

const context = (number: number): Uint8Array => new Uint8Array([number]);

const heartbeatTo = (id: bigint, messages: readonly Message[]): Heartbeat => {
  return messages.find((message): message is Heartbeat => message.type === "heartbeat" && message.to === id)!;
};

/** Node 1 of three, leading, and the reads that it may serve. */
function reader(established = true) {
  const host = lone();
  const reads: ReadState[] = [];
  host.watcher.reads = (_, read) => reads.push(read);
  const term = elected(host, established);
  const reply = (from: bigint, { context: seen }: Heartbeat): Message => {
    return { type: "heartbeat-reply", from, to: 1n, term, context: seen };
  };
  return { host, reads, term, reply };
}

describe("a read", () => {
  it("is good at what was committed when it came, once a quorum has confirmed the leader", () => {
    const { host, reads, reply } = reader();
    expect(host.node.readIndex(context(1))).toEqual({ kind: "asked" });
    const messages = said(host);
    expect(reads).toEqual([]);
    hear(host, reply(2n, heartbeatTo(2n, messages)));
    expect(reads).toEqual([{ index: 1n, context: context(1) }]);
  });

  it("is not confirmed by a heartbeat from before it came", () => {
    const { host, reads, reply } = reader();
    host.node.tick();
    const before = heartbeatTo(2n, said(host));
    host.node.readIndex(context(1));
    const first = heartbeatTo(2n, said(host));
    host.node.readIndex(context(2));
    const second = heartbeatTo(2n, said(host));
    hear(host, reply(2n, before));
    expect(reads).toEqual([]);
    hear(host, reply(2n, first));
    expect(reads.map(read => read.context)).toEqual([context(1)]);
    hear(host, reply(2n, first), reply(3n, before), reply(9n, second));
    expect(reads).toHaveLength(1);
    hear(host, reply(3n, second));
    expect(reads.map(read => read.context)).toEqual([context(1), context(2)]);
  });

  it("shares a round with all that come before the next Ready, and is confirmed by later rounds", () => {
    const { host, reads, reply } = reader();
    for (const number of [1, 2, 3]) host.node.readIndex(context(number));
    const messages = said(host);
    expect(messages.filter(message => message.type === "heartbeat")).toHaveLength(2);
    host.node.readIndex(context(4));
    hear(host, reply(2n, heartbeatTo(2n, said(host))));
    expect(reads).toHaveLength(4);
  });

  it("is asked for again with the next heartbeats, should the first get lost", () => {
    const { host, reads, reply } = reader();
    host.node.readIndex(context(1));
    said(host);
    host.node.tick();
    hear(host, reply(3n, heartbeatTo(3n, said(host))));
    expect(reads).toHaveLength(1);
  });

  it("waits until the leader knows what is committed", () => {
    const { host, reads, term, reply } = reader(false);
    host.node.readIndex(context(1));
    const early = said(host);
    expect(early.filter(message => message.type === "heartbeat")).toEqual([]);
    const messages = hear(host, { type: "append-accepted", from: 2n, to: 1n, term, index: 1n });
    hear(host, reply(2n, heartbeatTo(2n, messages)));
    expect(reads).toEqual([{ index: 1n, context: context(1) }]);
  });

  it("is answered at once by a leader who is alone", () => {
    const cluster = new Cluster(1);
    cluster.elect(1n);
    cluster.node(1n).readIndex(context(1));
    cluster.settle();
    expect(cluster.reads.get(1n)).toEqual([{ index: 2n, context: context(1) }]);
  });

  it("through a follower is answered by the leader", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    cluster.node(1n).propose([operationBytes(1)]);
    cluster.settle();
    cluster.node(3n).readIndex(context(9));
    cluster.settle();
    expect(cluster.reads.get(3n)).toEqual([{ index: cluster.node(1n).status.committed, context: context(9) }]);
    expect(cluster.reads.get(1n)).toBeUndefined();
  });

  it("is never answered by a leader that was replaced without noticing", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    cluster.isolate(1n);
    cluster.elect(2n);
    cluster.node(2n).propose([operationBytes(1)]);
    cluster.settle();
    expect(cluster.node(1n).readIndex(context(1))).toEqual({ kind: "asked" });
    cluster.settle();
    cluster.heal();
    cluster.tick(3);
    expect([cluster.leaders(), cluster.reads.get(1n)]).toEqual([[2n], undefined]);
  });

  it("is refused without a leader, and when too many wait", () => {
    const host = lone({ options: { maxPendingReads: 2 } });
    expect(host.node.readIndex(context(1))).toMatchObject({ kind: "refused", reason: "no leader" });
    elected(host);
    expect(host.node.readIndex(context(1)).kind).toBe("asked");
    said(host);
    expect(host.node.readIndex(context(2)).kind).toBe("asked");
    expect(host.node.readIndex(context(3))).toMatchObject({ kind: "refused", reason: "busy" });
  });
});
