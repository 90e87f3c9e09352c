import { describe, expect, it } from "vitest";
import { NodeStatus_State as NodeState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { context, now, words } from "./decisions.test-kit.ts";
import { decideLostNode, orphanAfterMs } from "./lost-node.ts";
import { aNode, aService, aTask, type NodeInit } from "./objects.test-kit.ts";

describe("decideLostNode", () => {
  const service = aService("s");
  const tasks = [aTask(service, "a", { node: "n" })];
  it.each<[string, NodeInit | undefined, string[], number | undefined]>([
    ["leaves a node that is up", {}, [], undefined],
    ["gives up at once on a node that was removed", undefined, ["a=ORPHANED"], undefined],
    ["waits a day for one that is down", { state: NodeState.DOWN, updatedAt: now - 5_000 }, [], orphanAfterMs - 5_000],
    ["gives up then", { state: NodeState.DOWN, updatedAt: now - orphanAfterMs }, ["a=ORPHANED"], undefined],
  ])("%s", (_, init, expected, lookAgainMs) => {
    const decision = decideLostNode({ node: init && aNode("n", init), tasks }, context());
    expect(words(decision, tasks)).toEqual(expected);
    expect(decision.lookAgainMs).toBe(lookAgainMs);
  });
});
