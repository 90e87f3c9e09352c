import { describe, expect, it } from "vitest";
import { aNode, aService, aTask, type NodeInit, type ServiceInit, type TaskInit } from "./objects.test-kit.ts";
import { SpecMatch } from "./spec-match.ts";

const ssd = { placement: { constraints: ["node.labels.disk==ssd"] } };

describe("SpecMatch", () => {
  it.each<[string, ServiceInit, TaskInit, NodeInit, boolean]>([
    ["same version", {}, {}, {}, false],
    ["same version, whatever the spec", {}, { spec: {} }, {}, false],
    ["older version, equal spec", {}, { version: 0n }, {}, false],
    ["older version, other spec", {}, { version: 0n, spec: {} }, {}, true],
    ["other force_update", { task: { forceUpdate: 1n } }, { version: 0n, spec: {} }, {}, true],
    [
      "constraint added that the node meets",
      { task: { runtime: { case: undefined }, ...ssd } },
      { version: 0n, spec: {} },
      { labels: { disk: "ssd" } },
      false,
    ],
    [
      "constraint added that it does not",
      { task: { runtime: { case: undefined }, ...ssd } },
      { version: 0n, spec: {} },
      {},
      true,
    ],
    [
      "constraint and more",
      { task: { runtime: { case: undefined }, placement: { ...ssd.placement, maxReplicas: 2n } } },
      { version: 0n, spec: {} },
      { labels: { disk: "ssd" } },
      true,
    ],
  ])("%s", (_, service, task, node, expected) => {
    const of = aService("s", service);
    expect(new SpecMatch(of).isOutdated(aTask(of, "t", { node: "n", ...task }), aNode("n", node))).toBe(expected);
  });

  it("compares published ports", () => {
    const before = aService("s", { ports: [{ targetPort: 80 }] });
    const after = aService("s", { ports: [{ targetPort: 81 }], version: 2n });
    expect(new SpecMatch(after).isOutdated(aTask(before, "t"), aNode("n"))).toBe(true);
  });
});
