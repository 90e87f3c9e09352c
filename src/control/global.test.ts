import { describe, expect, it } from "vitest";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { context, words } from "./decisions.test-kit.ts";
import { decideGlobal } from "./global.ts";
import { aNode, aService, type NodeInit, type TaskInit, tasksOf } from "./objects.test-kit.ts";

const { SHUTDOWN } = TaskState;

describe("decideGlobal", () => {
  const service = aService("g", { replicas: undefined, task: { placement: { constraints: ["node.labels.a==1"] } } });
  it.each<[string, NodeInit, Record<string, TaskInit>, string[]]>([
    ["takes a node that suits", { labels: { a: "1" } }, {}, ["+n RUNNING"]],
    ["leaves one that does not", {}, {}, []],
    ["leaves a paused one", { labels: { a: "1" }, availability: Availability.PAUSE }, {}, []],
    ["is content", { labels: { a: "1" } }, { t: { slot: 0, node: "n" } }, []],
    ["stops on a node that no longer suits", {}, { t: { slot: 0, node: "n" } }, ["t→SHUTDOWN"]],
    [
      "stops on a drained node",
      { labels: { a: "1" }, availability: Availability.DRAIN },
      { t: { slot: 0, node: "n" } },
      ["t→SHUTDOWN"],
    ],
    ["stops on a node that is gone", {}, { t: { slot: 0, node: "other" } }, ["t→SHUTDOWN"]],
    [
      "waits for what still stops",
      { labels: { a: "1" } },
      { t: { slot: 0, node: "n", desired: SHUTDOWN } },
      ["+n READY"],
    ],
  ])("%s", (_, node, inits, expected) => {
    const tasks = tasksOf(service, inits);
    const decision = decideGlobal({ service, cluster: undefined, nodes: [aNode("n", node)], tasks }, context());
    expect(words(decision, tasks)).toEqual(expected);
  });
});
