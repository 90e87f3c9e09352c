import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { sampleNode } from "../sim/samples.ts";
import { NodeDescriptionSchema, NodeRole } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { meetsConstraints, parseConstraints } from "./constraint.ts";
import type { Node } from "./objects.ts";

const bare = sampleNode("n1");
const node: Node = {
  ...bare,
  role: NodeRole.MANAGER,
  status: { ...bare.status, addr: "10.0.0.7" },
  spec: { ...bare.spec, annotations: { ...bare.spec.annotations, labels: { zone: "East", Disk: "ssd" } } },
  description: create(NodeDescriptionSchema, {
    hostname: "Host-1",
    platform: { os: "linux", architecture: "x86_64" },
    engine: { labels: { storage: "zfs" } },
  }),
};

describe("parseConstraints", () => {
  it.each<[string, string]>([
    ["node.id", "constraint expected one operator from ==, !="],
    ["node.id=1", "constraint expected one operator from ==, !="],
    ["", "constraint expected one operator from ==, !="],
    ["==x", "key '' is invalid"],
    ["1node==x", "key '1node' is invalid"],
    ["no de==x", "key 'no de' is invalid"],
    ["n==x", "key 'n' is invalid"],
    ["node.id==", "value '' is invalid"],
    ["node.id== ", "value '' is invalid"],
    ["node.id==a>b", "value 'a>b' is invalid"],
    ["node.id==a==b", "value 'a==b' is invalid"],
    ["node.id!=a!=b", "value 'a!=b' is invalid"],
  ])("refuses %j", (text, message) => {
    expect(() => parseConstraints(["node.id==ok", text])).toThrow(
      expect.objectContaining({ code: "unknown", message }),
    );
  });

  it("trims around the operator", () => {
    expect(parseConstraints([" node.labels.a-b_c  !=  us east "])).toEqual([
      { key: "node.labels.a-b_c", operator: "!=", value: "us east" },
    ]);
  });
});

describe("meetsConstraints", () => {
  it.each<[string, boolean]>([
    ["node.id==n1", true],
    ["node.id==N1", true],
    ["NODE.ID==n1", true],
    ["node.id!=n1", false],
    ["node.id==n", false],
    ["node.hostname==host-1", true],
    ["node.hostname!=host-2", true],
    ["node.role==manager", true],
    ["node.role==worker", false],
    ["node.role!=worker", true],
    ["node.platform.os==Linux", true],
    ["node.platform.arch==x86_64", true],
    ["node.platform.arch==aarch64", false],
    ["node.labels.zone==east", true],
    ["Node.Labels.zone==east", true],
    ["node.labels.Zone==east", false],
    ["node.labels.disk!=ssd", true],
    ["node.labels.none==x", false],
    ["node.labels.none!=x", true],
    ["node.labels.constructor!=x", true],
    ["engine.labels.storage==zfs", true],
    ["engine.labels.storage!=zfs", false],
    ["node.ip==10.0.0.7", true],
    ["node.ip!=10.0.0.7", false],
    ["node.ip==10.0.0.8", false],
    ["node.ip==10.0.0.0/24", true],
    ["node.ip!=10.0.0.0/24", false],
    ["node.ip!=10.0.1.0/24", true],
    ["node.ip!=nonsense", false],
    ["node.bogus!=x", false],
    ["bogus==x", false],
  ])("%s: %s", (text, expected) => {
    expect(meetsConstraints(node, parseConstraints([text]))).toBe(expected);
  });

  it("wants all of them", () => {
    const met = (...texts: string[]) => meetsConstraints(node, parseConstraints(texts));
    expect(met()).toBe(true);
    expect(met("node.id==n1", "node.role==manager")).toBe(true);
    expect(met("node.id==n1", "node.role==worker")).toBe(false);
  });

  it.each<[string, boolean]>([
    ["node.hostname==x", false],
    ["node.hostname!=x", true],
    ["node.platform.os==linux", false],
    ["engine.labels.a!=b", true],
    ["node.ip==10.0.0.1", false],
    ["node.ip!=10.0.0.0/8", true],
  ])("of a node that has told nothing yet: %s: %s", (text, expected) => {
    const { description: _, ...silent } = bare;
    expect(meetsConstraints(silent, parseConstraints([text]))).toBe(expected);
  });
});
