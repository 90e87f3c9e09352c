import { describe, expect, it } from "vitest";
import type { Service } from "../model/objects.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { NodeStatus_State as NodeState, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { context, words } from "./decisions.test-kit.ts";
import { decideEnforcement } from "./enforcer.ts";
import { aNode, aService, type NodeInit, type TaskInit, tasksOf } from "./objects.test-kit.ts";

const { PENDING, ASSIGNED, SHUTDOWN, FAILED } = TaskState;

describe("decideEnforcement", () => {
  const cpus = (count: number) => ({ resources: { reservations: { nanoCpus: BigInt(count) * 1_000_000_000n } } });
  const bound = aService("s", { task: { placement: { constraints: ["node.labels.a==1"] } } });
  it.each<[string, Service, NodeInit, Record<string, TaskInit>, string[]]>([
    ["leaves what fits", bound, { labels: { a: "1" } }, { a: { node: "n" } }, []],
    ["turns away what the labels forbid", bound, {}, { a: { node: "n" } }, ["a=REJECTED"]],
    ["leaves a drained node", bound, { availability: Availability.DRAIN }, { a: { node: "n" } }, []],
    ["leaves a paused node", bound, { availability: Availability.PAUSE }, { a: { node: "n" } }, []],
    ["leaves a node that is down", bound, { state: NodeState.DOWN }, { a: { node: "n" } }, []],
    ["leaves what is over", bound, {}, { a: { node: "n", state: FAILED, desired: SHUTDOWN } }, []],
    ["leaves what is not placed", bound, {}, { a: { node: "n", state: PENDING } }, []],
    [
      "turns away the youngest when resources shrink",
      aService("s", { task: cpus(2) }),
      { cpus: 4 },
      {
        c: { node: "n", createdAt: 3 },
        a: { node: "n", createdAt: 1 },
        b: { node: "n", state: ASSIGNED, createdAt: 2 },
      },
      ["c=REJECTED"],
    ],
  ])("%s", (_, service, node, inits, expected) => {
    const tasks = tasksOf(service, inits);
    const decision = decideEnforcement({ node: aNode("n", node), tasks, serviceOf: () => service }, context());
    expect(words(decision, tasks)).toEqual(expected);
  });
});
