import { describe, expect, it } from "vitest";
import { Cluster } from "./cluster.test-kit.ts";
import { operationBytes } from "./machine.test-kit.ts";

function led(size = 3): Cluster {
  const cluster = new Cluster(size);
  cluster.elect(1n);
  return cluster;
}

describe("handing over leadership", () => {
  it("makes the other lead at once", () => {
    const cluster = led();
    expect(cluster.node(1n).transferLeadership(3n)).toEqual({ kind: "asked" });
    cluster.settle();
    expect([cluster.leaders(), cluster.node(1n).status.leader, cluster.node(1n).status.term]).toEqual([[3n], 3n, 3n]);
  });

  it("can be asked for on a follower", () => {
    const cluster = led();
    cluster.node(2n).transferLeadership(2n);
    cluster.settle();
    expect(cluster.leaders()).toEqual([2n]);
  });

  it("brings the other up to date first, and takes no proposals meanwhile", () => {
    const cluster = led();
    cluster.host(3n).crash();
    for (let operation = 1; operation <= 5; operation++) cluster.node(1n).propose([operationBytes(operation)]);
    cluster.settle();
    cluster.node(1n).transferLeadership(3n);
    expect(cluster.node(1n).propose([operationBytes(6)])).toMatchObject({ kind: "refused", reason: "transferring" });
    cluster.settle();
    expect([cluster.leaders(), cluster.node(1n).status.transferee]).toEqual([[1n], 3n]);
    cluster.host(3n).start();
    cluster.tick(3);
    expect(cluster.leaders()).toEqual([3n]);
    expect(cluster.host(3n).machine.value).toBe(5);
  });

  it("is given up after an election timeout", () => {
    const cluster = led();
    cluster.host(3n).crash();
    cluster.node(1n).transferLeadership(3n);
    cluster.tick(9);
    expect(cluster.node(1n).status.transferee).toBe(3n);
    cluster.tick(1);
    expect(cluster.node(1n).status.transferee).toBe(0n);
    expect(cluster.node(1n).propose([operationBytes(1)]).kind).toBe("appended");
  });

  it("goes to whom it was asked for last", () => {
    const cluster = led();
    cluster.host(3n).crash();
    cluster.node(1n).transferLeadership(3n);
    cluster.node(1n).transferLeadership(2n);
    cluster.settle();
    expect(cluster.leaders()).toEqual([2n]);
  });

  it("is refused to oneself, to who is no voter, and without a leader", () => {
    const cluster = led();
    for (const id of [1n, 9n])
      expect(cluster.node(1n).transferLeadership(id)).toMatchObject({ kind: "refused", reason: "invalid" });
    cluster.node(2n).unreachable(1n);
    expect(cluster.node(2n).transferLeadership(2n)).toMatchObject({ kind: "refused", reason: "no leader" });
  });
});
