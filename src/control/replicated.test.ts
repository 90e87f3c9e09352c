import { describe, expect, it } from "vitest";
import type { Service } from "../model/objects.ts";
import { RestartPolicy_RestartCondition as Condition, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { context, words } from "./decisions.test-kit.ts";
import { aService, type TaskInit, tasksOf } from "./objects.test-kit.ts";
import { decideReplicas } from "./replicated.ts";
import { modeOf } from "./service-mode.ts";

const { NEW, PENDING, RUNNING, COMPLETE, SHUTDOWN, FAILED, REMOVE } = TaskState;

type Row = readonly [name: string, service: Service, tasks: Record<string, TaskInit>, expected: readonly string[]];

describe("decideReplicas", () => {
  const rows: Row[] = [
    ["creates what is missing", aService("s", { replicas: 2 }), {}, ["+1 RUNNING", "+2 RUNNING"]],
    ["fills the lowest gap", aService("s", { replicas: 3 }), { a: { slot: 1 }, c: { slot: 3 } }, ["+2 RUNNING"]],
    ["is content", aService("s", { replicas: 1 }), { a: {} }, []],
    ["counts a task that is not running yet", aService("s", { replicas: 1 }), { a: { state: NEW } }, []],
    [
      "waits for what still stops in the slot",
      aService("s", { replicas: 1 }),
      { a: { node: "n", state: RUNNING, desired: SHUTDOWN } },
      ["+1 READY"],
    ],
    [
      "counts a slot that is finished with",
      aService("s", { replicas: 1, task: { restart: { condition: Condition.NONE } } }),
      { a: { state: COMPLETE, desired: SHUTDOWN } },
      [],
    ],
    [
      "gives up what does not run first",
      aService("s", { replicas: 1 }),
      { a: { slot: 1, state: PENDING }, b: { slot: 2, node: "n" } },
      ["a→REMOVE"],
    ],
    [
      "gives up tasks on the fullest node first",
      aService("s", { replicas: 2 }),
      { a: { slot: 1, node: "n" }, b: { slot: 2, node: "m" }, c: { slot: 3, node: "n" } },
      ["c→REMOVE"],
    ],
    [
      "gives up a slot with its history",
      aService("s", { replicas: 0 }),
      { a: { slot: 1, state: FAILED, desired: SHUTDOWN }, b: { slot: 1, createdAt: 5 } },
      ["a→REMOVE", "b→REMOVE"],
    ],
    ["does not ask twice", aService("s", { replicas: 0 }), { a: { desired: REMOVE } }, []],
  ];
  it.each(rows)("%s", (_, service, inits, expected) => {
    const tasks = tasksOf(service, inits);
    const mode = modeOf(service);
    const replicas = mode.kind === "replicated" ? mode.replicas : 0;
    const decision = decideReplicas({ service, replicas, cluster: undefined, tasks }, context());
    expect(words(decision, tasks)).toEqual(expected);
  });

  it("does a bounded amount at a time", () => {
    const service = aService("s", { replicas: 1000 });
    const decision = decideReplicas({ service, replicas: 1000, cluster: undefined, tasks: [] }, context(30));
    expect(decision.writes.length).toBe(30);
  });

  it("copies what a task needs from its service", () => {
    const service = aService("s", { replicas: 1, version: 9n, task: { logDriver: { name: "syslog" } } });
    const [write] = decideReplicas({ service, replicas: 1, cluster: undefined, tasks: [] }, context()).writes;
    if (write?.kind !== "create task") throw new Error("no task");
    expect(write.task).toMatchObject({
      serviceId: "s",
      slot: 1n,
      specVersion: { index: 9n },
      serviceAnnotations: { name: "s" },
      logDriver: { name: "syslog" },
      spec: service.spec.task,
      status: { state: NEW, message: "created" },
    });
    expect(write.task.id).toMatch(/^[0-9a-z]{25}$/);
  });
});
