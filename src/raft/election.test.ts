import { describe, expect, it } from "vitest";
import { Cluster } from "./cluster.test-kit.ts";

describe("an election", () => {
  it("gives one leader, whom all know", () => {
    const cluster = new Cluster(3);
    cluster.tick(40);
    expect(cluster.leaders()).toHaveLength(1);
    const [leader] = cluster.leaders();
    expect(cluster.up().map(host => host.node.status.leader)).toEqual([leader, leader, leader]);
  });
});
