import { describe, expect, it } from "vitest";
import { NodeStatus_State as NodeState, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { context, words } from "./decisions.test-kit.ts";
import { aNode, aService, type TaskInit, tasksOf } from "./objects.test-kit.ts";
import { decideReaping } from "./reaper.ts";

const { PENDING, COMPLETE, SHUTDOWN, FAILED, REMOVE } = TaskState;

describe("decideReaping", () => {
  const service = aService("s");
  const nodes = new Map([aNode("up"), aNode("down", { state: NodeState.DOWN })].map(n => [n.id, n]));
  it.each<[string, number, Record<string, TaskInit>, string[]]>([
    ["deletes what is to be removed and has ended", 5, { a: { node: "up", state: SHUTDOWN, desired: REMOVE } }, ["-a"]],
    ["waits for what still runs", 5, { a: { node: "up", desired: REMOVE } }, []],
    ["does not wait for a node that is down", 5, { a: { node: "down", desired: REMOVE } }, ["-a"]],
    ["does not wait for a node that is gone", 5, { a: { node: "gone", desired: REMOVE } }, ["-a"]],
    ["deletes what never had a node", 5, { a: { state: PENDING, desired: REMOVE } }, ["-a"]],
    ["closes what never had a node", 5, { a: { state: PENDING, desired: SHUTDOWN } }, ["a=SHUTDOWN"]],
    [
      "keeps the newest of a slot's past",
      2,
      {
        a: { state: FAILED, desired: SHUTDOWN, createdAt: 1 },
        b: { state: FAILED, desired: SHUTDOWN, createdAt: 2 },
        c: { createdAt: 3 },
      },
      ["-a"],
    ],
    ["keeps the last one, without which the slot would be free", 0, { a: { state: COMPLETE, desired: SHUTDOWN } }, []],
    [
      "keeps what is not over",
      1,
      { a: { node: "up", desired: SHUTDOWN, createdAt: 1 }, b: { state: FAILED, createdAt: 2 }, c: { createdAt: 3 } },
      [],
    ],
    [
      "keeps all without a limit",
      Number.POSITIVE_INFINITY,
      { a: { state: FAILED, desired: SHUTDOWN }, b: { createdAt: 2 } },
      [],
    ],
  ])("%s", (_, retention, inits, expected) => {
    const tasks = tasksOf(service, inits);
    const decision = decideReaping({ service, tasks, retention, nodeOf: id => nodes.get(id) }, context());
    expect(words(decision, tasks)).toEqual(expected);
  });
});
