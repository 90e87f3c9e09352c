import { describe, expect, it } from "vitest";
import type { Service } from "../../model/objects.ts";
import { serviceLabels } from "../../model/shoal-labels.ts";
import type { Task } from "../../model/task.ts";
import { newSimStore } from "../../sim/store.ts";
import { NodeSpec_Availability as Availability } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { RestartPolicy_RestartCondition as Condition, TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aNode, aService, type ServiceInit, type TaskInit, tasksOf } from "../objects.test-kit.ts";
import { waitOf } from "./waits.ts";

const { STARTING, READY, COMPLETE, FAILED, SHUTDOWN } = TaskState;
const once = { restart: { condition: Condition.NONE } };

function labelled(service: Service, labels: Record<string, string>): Service {
  const { annotations } = service.spec;
  return { ...service, spec: { ...service.spec, annotations: { ...annotations, labels } } };
}

const named = (id: string, name: string): Service => {
  const service = aService(id);
  return { ...service, spec: { ...service.spec, annotations: { ...service.spec.annotations, name } } };
};

async function textFor(web: Service, others: readonly Service[], tasks: readonly Task[] = []) {
  const store = newSimStore();
  await store.update(tx => {
    for (const id of ["n1", "n2"]) tx.node.create(aNode(id));
    tx.node.create(aNode("n3", { availability: Availability.DRAIN }));
    for (const service of [web, ...others]) tx.service.create(service);
    for (const task of tasks) tx.task.create(task);
  });
  return store.view(tx => waitOf(web, tx)?.text);
}

describe("waitOf", () => {
  it.each<[string, string, ServiceInit, Record<string, TaskInit>, string | undefined]>([
    ["nothing started", "db", {}, { a: { state: READY } }, 'waits for service "db": 0/1 started'],
    ["no task at all", "db", {}, {}, 'waits for service "db": 0/1 started'],
    ["what is starting, as started", "db", {}, { a: { state: STARTING } }, undefined],
    [
      "what is starting, as not healthy",
      "db:healthy",
      {},
      { a: { state: STARTING } },
      'waits for service "db": 0/1 healthy',
    ],
    ["what runs", "db:healthy", {}, { a: {} }, undefined],
    ["all replicas", "db", { replicas: 3 }, { a: {}, b: { slot: 2 } }, 'waits for service "db": 2/3 started'],
    ["each replica once", "db", { replicas: 2 }, { a: {}, b: {} }, 'waits for service "db": 1/2 started'],
    ["what is wanted alone", "db", {}, { a: { desired: SHUTDOWN } }, 'waits for service "db": 0/1 started'],
    ["some replica", "db", { replicas: 0 }, {}, 'waits for service "db": 0/0 started'],
    [
      "every node of a global service",
      "db",
      { replicas: undefined },
      { a: { slot: 0, node: "n1" } },
      'waits for service "db": 1/2 started',
    ],
    [
      "every node of a global service that takes tasks",
      "db",
      { replicas: undefined },
      { a: { slot: 0, node: "n1" }, b: { slot: 0, node: "n2" } },
      undefined,
    ],
    ["what runs still", "db:completed", { task: once }, { a: {} }, 'waits for service "db": 0/1 completed'],
    ["what has ended well", "db:completed", { task: once }, { a: { state: COMPLETE, desired: SHUTDOWN } }, undefined],
    [
      "what has ended well with an older spec",
      "db:completed",
      { task: once },
      { a: { state: COMPLETE, version: 0n } },
      'waits for service "db": 0/1 completed',
    ],
    [
      "what failed and may be tried again",
      "db:completed",
      { task: { restart: { condition: Condition.ON_FAILURE } } },
      { a: { state: FAILED } },
      'waits for service "db": 0/1 completed',
    ],
    [
      "a job's completions",
      "db:completed",
      { job: { total: 2 } },
      { a: { state: COMPLETE, slot: 0, iteration: 0 }, b: { slot: 1, iteration: 0 } },
      'waits for service "db": 1/2 completed',
    ],
    [
      "the present run of a job",
      "db:completed",
      { job: { total: 1, iteration: 1 } },
      { a: { state: COMPLETE, slot: 0, iteration: 0 } },
      'waits for service "db": 0/1 completed',
    ],
    [
      "a job that is done",
      "db:completed",
      { job: { total: 1 } },
      { a: { state: COMPLETE, slot: 0, iteration: 0 } },
      undefined,
    ],
    [
      "a job that is done, as started",
      "db",
      { job: { total: 1 } },
      { a: { state: COMPLETE, slot: 0, iteration: 0 } },
      undefined,
    ],
    [
      "as many of a job as run at a time",
      "db",
      { job: { total: 5, concurrent: 2 } },
      { a: { slot: 0, iteration: 0 } },
      'waits for service "db": 1/2 started',
    ],
  ])("waits for %s", async (_, label, init, tasks, expected) => {
    const db = aService("db", init);
    const web = labelled(aService("web"), { [serviceLabels.dependsOn]: label });
    expect(await textFor(web, [db], tasksOf(db, tasks))).toBe(expected);
  });

  it("says what a job failed of that is not tried again", async () => {
    const init = aService("init", { job: { total: 1 }, task: once });
    const [task] = tasksOf(init, { a: { state: FAILED, slot: 0, iteration: 0 } });
    const failed = { ...task!, status: { ...task!.status, err: "task: non-zero exit (3)" } };
    const web = labelled(aService("web"), { [serviceLabels.dependsOn]: "init:completed" });
    expect(await textFor(web, [init], [failed])).toBe(
      'waits for service "init": 0/1 completed, failed for good (task: non-zero exit (3))',
    );
  });

  it.each<[string, string]>([
    ["db:ready", 'cannot read label shoal.depends-on: "db:ready" is not SERVICE[:started|healthy|completed]'],
    [":healthy", 'cannot read label shoal.depends-on: ":healthy" is not SERVICE[:started|healthy|completed]'],
    ["a:started:b", 'cannot read label shoal.depends-on: "a:started:b" is not SERVICE[:started|healthy|completed]'],
    ["nobody", 'waits for service "nobody": there is no such service'],
    [" db:healthy , nobody,", 'waits for service "db": 0/1 healthy; service "nobody": there is no such service'],
    ["web", 'waits for itself: "web" → "web"'],
  ])("of %j says why", async (label, expected) => {
    const web = labelled(aService("web"), { [serviceLabels.dependsOn]: label });
    expect(await textFor(web, [aService("db")])).toBe(expected);
  });

  it.each([undefined, "", " , "])("of %j waits for nothing", async label => {
    const web = labelled(aService("web"), label === undefined ? {} : { [serviceLabels.dependsOn]: label });
    expect(await textFor(web, [])).toBeUndefined();
  });

  it("names the way round that leads back to it, and nobody else's", async () => {
    const web = labelled(aService("web"), { [serviceLabels.dependsOn]: "api" });
    const api = labelled(aService("api"), { [serviceLabels.dependsOn]: "db,cache" });
    const cache = labelled(aService("cache"), { [serviceLabels.dependsOn]: "web:healthy" });
    const outside = labelled(aService("outside"), { [serviceLabels.dependsOn]: "web" });
    expect(await textFor(web, [api, cache, aService("db"), outside])).toBe(
      'waits for itself: "web" → "api" → "cache" → "web"',
    );
    expect(await textFor(outside, [api, cache, web])).toBe('waits for service "web": 0/1 started');
  });

  it("finds a service by id, by name, and first of all in its own stack", async () => {
    const others = [named("1", "db"), named("2", "shop_db")];
    const running = tasksOf(others[1]!, { a: {} });
    const web = (label: string) =>
      labelled(aService("web"), { [serviceLabels.dependsOn]: label, "com.docker.stack.namespace": "shop" });
    expect(await textFor(web("db"), others, running)).toBeUndefined();
    expect(await textFor(web("2"), others, running)).toBeUndefined();
    expect(await textFor(web("1"), others, running)).toBe('waits for service "db": 0/1 started');
    expect(await textFor(labelled(web(""), { [serviceLabels.dependsOn]: "db" }), others, running)).toBe(
      'waits for service "db": 0/1 started',
    );
  });
});
