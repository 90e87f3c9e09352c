import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Service } from "../model/objects.ts";
import { serviceLabels } from "../model/shoal-labels.ts";
import { toDuration } from "../model/time.ts";
import {
  RestartPolicy_RestartCondition as Condition,
  TaskState,
  UpdateStatus_UpdateState as UpdateState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aService, type ServiceInit } from "./objects.test-kit.ts";
import { World } from "./world.test-kit.ts";

let world: World;

beforeEach(async () => {
  world = await World.make({ n1: {}, n2: {} });
});
afterEach(() => world.end());

function waitingFor(label: string, id: string, init: ServiceInit = {}): Service {
  const service = aService(id, init);
  const annotations = { ...service.spec.annotations, labels: { [serviceLabels.dependsOn]: label } };
  return { ...service, spec: { ...service.spec, annotations } };
}

const errors = (id: string) => [...new Set(world.live(id).map(task => task.status.err))];
const states = (id: string) => [...new Set(world.live(id).map(task => task.status.state))];

describe("a service that depends on another", () => {
  it("waits and says for what, from the first look to the last", async () => {
    await world.create(waitingFor("db", "web", { replicas: 3 }));
    await world.until(() => errors("web").length === 1 && errors("web")[0] !== "", "told");
    expect([errors("web"), states("web")]).toEqual([
      ['waits for service "db": there is no such service'],
      [TaskState.PENDING],
    ]);
    world.agents.behaviourOf = task => ({
      kind: task.slot === 2n && task.serviceId === "db" ? "cannot start" : "runs",
    });
    await world.create(
      aService("db", { replicas: 2, task: { restart: { condition: Condition.ANY, delay: toDuration(1_000) } } }),
    );
    await world.until(() => errors("web")[0] === 'waits for service "db": 1/2 started', "counted");
    world.agents.behaviourOf = () => ({ kind: "runs" });
    await world.until(() => world.running("web").length === 3, "running", 3_000);
    expect(errors("web")).toEqual([""]);
  });

  it("runs when a job has completed, with a new leader meanwhile", async () => {
    world.agents.behaviourOf = task =>
      task.serviceId === "init" ? { kind: "ends", afterMs: 4_000, state: TaskState.COMPLETE } : { kind: "runs" };
    await world.create(aService("init", { job: { total: 2, concurrent: 1 } }));
    await world.create(waitingFor("init:completed", "web", { replicas: undefined }));
    await world.clock.advance(5_000);
    expect(errors("web")).toEqual(['waits for service "init": 1/2 completed']);
    await world.newLeader();
    await world.until(() => world.running("web").length === 2, "running", 6_000);
  });

  it("is not stopped, nor kept from restarting, when the other one dies", async () => {
    await world.create(aService("db"));
    await world.create(
      waitingFor("db:healthy", "web", { task: { restart: { condition: Condition.ANY, delay: toDuration(500) } } }),
    );
    await world.until(() => world.running("web").length === 1, "running");
    await world.scale("db", 0);
    await world.clock.advance(70_000);
    expect(world.running("web").length).toBe(1);
    const [first] = world.running("web");
    world.agents.behaviourOf = task =>
      task.id === first!.id ? { kind: "ends", afterMs: 0, state: TaskState.FAILED } : { kind: "runs" };
    await world.until(
      () => world.running("web")[0]?.id !== first!.id && world.running("web").length === 1,
      "restarted",
    );
    const [second] = world.running("web");
    world.agents.behaviourOf = task =>
      task.id === second!.id ? { kind: "ends", afterMs: 0, state: TaskState.FAILED } : { kind: "runs" };
    await world.until(() => world.running("web")[0]?.id !== second!.id && world.running("web").length === 1, "again");
  });

  it("is updated when the other one is there", async () => {
    await world.create(aService("db"));
    await world.create(waitingFor("db", "web", { replicas: 2, update: { parallelism: 1n } }));
    await world.until(() => world.running("web").length === 2, "running");
    await world.scale("db", 0);
    await world.setImage("web", "image:2");
    await world.until(() => errors("web").includes('waits for service "db": 0/0 started'), "waits");
    await world.clock.advance(70_000);
    expect(world.running("web").length).toBe(1);
    expect(world.service("web").updateStatus?.state).toBe(UpdateState.UPDATING);
    await world.scale("db", 1);
    await world.until(() => world.service("web").updateStatus?.state === UpdateState.COMPLETED, "updated");
  });

  it("waits no longer when the label is taken away", async () => {
    await world.create(waitingFor("nobody", "web"));
    await world.until(() => errors("web")[0] !== "", "told");
    await world.clock.advance(61_000);
    await world.update("web", spec => ({ ...spec, annotations: { ...spec.annotations, labels: {} } }));
    await world.until(() => world.running("web").length === 1, "running", 1_000);
  });

  it("waits for ever where all wait for each other, or for a job that failed", async () => {
    world.agents.behaviourOf = task =>
      task.serviceId === "init" ? { kind: "ends", afterMs: 0, state: TaskState.FAILED } : { kind: "runs" };
    await world.create(waitingFor("b", "a"));
    await world.create(waitingFor("a", "b"));
    await world.create(aService("init", { job: { total: 1 }, task: { restart: { condition: Condition.NONE } } }));
    await world.create(waitingFor("init:completed", "web"));
    await world.clock.advance(70_000);
    expect([errors("a"), errors("b"), errors("web")]).toEqual([
      ['waits for itself: "a" → "b" → "a"'],
      ['waits for itself: "b" → "a" → "b"'],
      [expect.stringContaining('waits for service "init": 0/1 completed, failed for good (')],
    ]);
    const version = world.store.version;
    await world.clock.advance(130_000);
    expect(world.store.version).toBe(version);
  });
});
