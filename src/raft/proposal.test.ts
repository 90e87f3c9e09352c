import { describe, expect, it } from "vitest";
import { Cluster } from "./cluster.test-kit.ts";
import { elected, hear, lone, said } from "./lone.test-kit.ts";
import { operationBytes } from "./machine.test-kit.ts";

describe("a proposal", () => {
  it("is appended in order and next to each other, and the proposer is told where", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    const { lastIndex, term } = cluster.node(1n).status;
    const result = cluster.node(1n).propose([operationBytes(1), operationBytes(2)]);
    expect(result).toEqual({ kind: "appended", term, firstIndex: lastIndex + 1n, lastIndex: lastIndex + 2n });
    cluster.settle();
    cluster.tick();
    expect(cluster.host(3n).machine).toMatchObject({ index: lastIndex + 2n, value: 2 });
  });

  it("is passed on by a follower", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    expect(cluster.node(2n).propose([operationBytes(7)])).toEqual({ kind: "forwarded", to: 1n });
    cluster.settle();
    cluster.tick();
    expect(cluster.up().map(host => host.machine.value)).toEqual([7, 7, 7]);
  });

  it("is refused without a leader, as long as an election lasts", () => {
    const host = lone();
    expect(host.node.propose([operationBytes(1)])).toMatchObject({ kind: "refused", reason: "no leader" });
    host.node.campaign();
    expect(host.node.propose([operationBytes(1)])).toMatchObject({ kind: "refused", reason: "no leader" });
  });

  it("is not passed on a second time", () => {
    const cluster = new Cluster(3);
    cluster.elect(1n);
    cluster
      .node(2n)
      .receive({ type: "propose", from: 3n, to: 2n, payloads: [{ kind: "data", data: operationBytes(1) }] });
    cluster.settle();
    expect(cluster.host(1n).machine.value).toBe(0);
  });

  it("is refused when it could never be sent", () => {
    const cluster = new Cluster(3, { maxEntryBytes: 100 });
    cluster.elect(1n);
    for (const id of [1n, 2n])
      expect(cluster.node(id).propose([operationBytes(1, 100)])).toMatchObject({
        kind: "refused",
        reason: "too large",
      });
    expect(cluster.node(1n).propose([operationBytes(1, 70)]).kind).toBe("appended");
  });

  it("is refused while too much waits to be committed, and taken again when that is done", () => {
    const host = lone({ options: { maxUncommittedBytes: 100 } });
    const term = elected(host);
    expect(host.node.propose([operationBytes(1, 500)]).kind).toBe("appended");
    expect(host.node.propose([operationBytes(2)])).toMatchObject({ kind: "refused", reason: "busy" });
    said(host);
    hear(host, { type: "append-accepted", from: 2n, to: 1n, term, index: 2n });
    expect(host.node.propose([operationBytes(2)]).kind).toBe("appended");
    expect(host.node.propose([operationBytes(3)]).kind).toBe("appended");
    expect(host.node.propose([operationBytes(4), operationBytes(5)]).kind).toBe("refused");
    expect(host.node.propose([operationBytes(4)]).kind).toBe("appended");
  });

  it("is taken again too when it was others who committed what waited", () => {
    const host = lone({ options: { maxUncommittedBytes: 100 } });
    const term = elected(host);
    host.node.propose([operationBytes(1, 500)]);
    said(host);
    const news = { commitIndex: 2n, commitTerm: term, lastIndex: 2n, lastTerm: term, transfer: false };
    hear(host, { type: "vote-request", from: 3n, to: 1n, term: 9n, stage: "vote", ...news });
    expect(host.node.status).toMatchObject({ role: "leader", committed: 2n });
    expect(host.node.propose([operationBytes(2)]).kind).toBe("appended");
  });
});
