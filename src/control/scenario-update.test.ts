import { afterEach, describe, expect, it } from "vitest";
import { toDuration } from "../model/time.ts";
import {
  RestartPolicy_RestartCondition as Condition,
  UpdateConfig_FailureAction as FailureAction,
  TaskState,
  UpdateConfig_UpdateOrder as UpdateOrder,
  UpdateStatus_UpdateState as UpdateState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aService, type ServiceInit, type UpdateInit } from "./objects.test-kit.ts";
import { World } from "./world.test-kit.ts";

let world: World;
afterEach(() => world.end());

async function make(update: UpdateInit, init: ServiceInit = {}): Promise<void> {
  world = await World.make({ n1: {}, n2: {}, n3: {} });
  await world.create(aService("web", { replicas: 4, update, ...init }));
  const count = "replicas" in init && init.replicas === undefined ? 3 : (init.replicas ?? 4);
  await world.until(() => world.running("web").length === count, "running");
}

const status = () => world.service("web").updateStatus;
const images = () => world.running("web").map(task => world.image(task));
const badImage = (afterMs: number, image = "image:2") => {
  world.agents.behaviourOf = task =>
    world.image(task) === image ? { kind: "ends", afterMs, state: TaskState.FAILED } : { kind: "runs" };
};
const completed = () => status()?.state === UpdateState.COMPLETED;

/** Watches, while `run` goes on, how few and how many tasks ran at the same time. */
async function extremes(run: () => Promise<unknown>): Promise<{ fewest: number; most: number }> {
  let [fewest, most] = [Number.POSITIVE_INFINITY, 0];
  const unsubscribe = world.store.onCommit(() => {
    const running = world.tasks("web").filter(task => task.status.state === TaskState.RUNNING).length;
    fewest = Math.min(fewest, running);
    most = Math.max(most, running);
  });
  await run();
  unsubscribe();
  return { fewest, most };
}

describe("a rolling update", () => {
  it("replaces tasks one by one, stopping the old one first", async () => {
    await make({ parallelism: 1n });
    await world.setImage("web", "image:2");
    const { fewest, most } = await extremes(() => world.until(completed, "completed"));
    expect({ fewest, most }).toEqual({ fewest: 3, most: 4 });
    expect(images()).toEqual(Array(4).fill("image:2"));
    expect(status()).toMatchObject({ state: UpdateState.COMPLETED, message: "update completed" });
    expect(status()?.completedAt).toBeDefined();
  });

  it("with start-first never has fewer tasks than replicas", async () => {
    await make({ parallelism: 1n, order: UpdateOrder.START_FIRST });
    await world.setImage("web", "image:2");
    const { fewest, most } = await extremes(() => world.until(completed, "completed"));
    expect({ fewest, most }).toEqual({ fewest: 4, most: 5 });
    expect(images()).toEqual(Array(4).fill("image:2"));
  });

  it("says that it is under way from its first step to its last", async () => {
    await make({ parallelism: 2n, delay: toDuration(2_000) });
    await world.setImage("web", "image:2");
    await world.until(() => status() !== undefined, "started", 100);
    const started = world.clock.now();
    while (!completed()) {
      expect(status()).toMatchObject({ state: UpdateState.UPDATING, message: "update in progress" });
      await world.clock.advance(50);
    }
    // Two rounds with the delay between them, then the monitoring time of 5 s.
    expect(world.clock.now() - started).toBeGreaterThan(7_000);
    expect(world.clock.now() - started).toBeLessThan(8_500);
  });

  it("works on as many slots as it may, on all with a parallelism of 0", async () => {
    await make({ parallelism: 0n });
    await world.setImage("web", "image:2");
    const { fewest } = await extremes(() =>
      world.until(() => images().length === 4 && images().every(i => i === "image:2"), "updated"),
    );
    expect(fewest).toBe(0);
  });

  it("makes new tasks for a forced update of the same spec", async () => {
    await make({ parallelism: 0n });
    const before = world.running("web").map(task => task.id);
    await world.update("web", spec => ({ ...spec, task: { ...spec.task, forceUpdate: 1n } }));
    await world.until(completed, "completed");
    expect(
      world
        .running("web")
        .map(task => task.id)
        .filter(id => before.includes(id)),
    ).toEqual([]);
  });

  it("changes the replicas on the way", async () => {
    await make({ parallelism: 1n });
    await world.setImage("web", "image:2", {
      mode: { case: "replicated", value: { $typeName: "docker.swarmkit.v1.ReplicatedService", replicas: 6n } },
    });
    await world.until(completed, "completed");
    expect(images()).toEqual(Array(6).fill("image:2"));
  });

  it("gives way to the next one at once", async () => {
    await make({ parallelism: 1n, delay: toDuration(5_000) });
    await world.setImage("web", "image:2");
    await world.clock.advance(3_000);
    await world.setImage("web", "image:3");
    await world.until(completed, "completed", 120_000);
    expect(images()).toEqual(Array(4).fill("image:3"));
  });

  it("is carried on by the next leader", async () => {
    await make({ parallelism: 1n, delay: toDuration(3_000) });
    const createdBefore = new Set(world.tasks("web").map(task => task.id));
    await world.setImage("web", "image:2");
    for (let change = 0; change < 12 && !completed(); change++) {
      await world.clock.advance(1_700);
      await world.newLeader();
    }
    await world.until(completed, "completed");
    expect(images()).toEqual(Array(4).fill("image:2"));
    const made = world.tasks("web").filter(task => !createdBefore.has(task.id));
    expect(made.length).toBe(4);
  });

  it("updates a global service node by node", async () => {
    await make({ parallelism: 1n }, { replicas: undefined });
    await world.setImage("web", "image:2");
    const { fewest } = await extremes(() => world.until(completed, "completed"));
    expect(fewest).toBe(2);
    expect(
      world
        .running("web")
        .map(task => task.nodeId)
        .sort(),
    ).toEqual(["n1", "n2", "n3"]);
    expect(images()).toEqual(Array(3).fill("image:2"));
  });

  it("does not touch tasks when only a constraint that their nodes meet was added", async () => {
    await make({});
    const before = world.running("web").map(task => task.id);
    await world.update("web", spec => ({
      ...spec,
      task: {
        ...spec.task,
        placement: {
          $typeName: "docker.swarmkit.v1.Placement",
          constraints: ["node.role==worker"],
          preferences: [],
          platforms: [],
          maxReplicas: 0n,
        },
      },
    }));
    await world.clock.advance(70_000);
    expect(world.running("web").map(task => task.id)).toEqual(before);
    expect(status()).toBeUndefined();
  });
});

describe("an update that fails", () => {
  it("is paused, with the other tasks as they were", async () => {
    await make({ parallelism: 1n, delay: toDuration(1_000) });
    badImage(200);
    await world.setImage("web", "image:2");
    await world.until(() => status()?.state === UpdateState.PAUSED, "paused");
    expect(status()?.message).toMatch(/^update paused due to failure or early termination of task [0-9a-z]{25}$/);
    await world.clock.advance(120_000);
    expect(images().filter(image => image === "image:1").length).toBe(3);
    expect(status()?.state).toBe(UpdateState.PAUSED);
  });

  it("is rolled back, and ends with all tasks as they were", async () => {
    await make({ parallelism: 2n, failureAction: FailureAction.ROLLBACK }, { rollback: { parallelism: 0n } });
    badImage(200);
    await world.setImage("web", "image:2");
    await world.until(() => status()?.state === UpdateState.ROLLBACK_STARTED, "rolling back");
    expect(status()?.message).toMatch(/^update rolled back due to failure or early termination of task /);
    await world.until(() => status()?.state === UpdateState.ROLLBACK_COMPLETED, "rolled back");
    expect(status()?.message).toBe("rollback completed");
    expect(images()).toEqual(Array(4).fill("image:1"));
    expect(world.service("web").previousSpec).toBeUndefined();
  });

  it("pauses a rollback that fails too", async () => {
    await make(
      { parallelism: 1n, failureAction: FailureAction.ROLLBACK },
      { rollback: { failureAction: FailureAction.ROLLBACK } },
    );
    await world.setImage("web", "image:2");
    world.agents.behaviourOf = task =>
      task.status.state < TaskState.RUNNING ? { kind: "cannot start" } : { kind: "runs" };
    await world.until(() => status()?.state === UpdateState.ROLLBACK_PAUSED, "paused");
    expect(status()?.message).toMatch(/^rollback paused due to failure/);
    expect(images()).toEqual(Array(3).fill("image:1"));
  });

  it("goes on regardless when told so", async () => {
    await make(
      { failureAction: FailureAction.CONTINUE },
      { task: { restart: { condition: Condition.ANY, delay: toDuration(60_000) } } },
    );
    world.agents.behaviourOf = task => (world.image(task) === "image:2" ? { kind: "cannot start" } : { kind: "runs" });
    await world.setImage("web", "image:2");
    await world.until(completed, "completed");
    expect(images()).toEqual([]);
  });

  it("goes on while the ratio of failures is not exceeded", async () => {
    await make(
      { maxFailureRatio: 0.25 },
      { task: { restart: { condition: Condition.ANY, delay: toDuration(1_000) } } },
    );
    let victim: string | undefined;
    world.agents.behaviourOf = task => {
      if (world.image(task) === "image:2") victim ??= task.id;
      return task.id === victim ? { kind: "ends", afterMs: 100, state: TaskState.FAILED } : { kind: "runs" };
    };
    await world.setImage("web", "image:2");
    await world.until(completed, "completed");
    await world.until(() => images().length === 4, "running");
    expect(images()).toEqual(Array(4).fill("image:2"));
  });

  it("is no failure of the update when a task ends after its monitoring time", async () => {
    await make({ monitor: toDuration(1_000), delay: toDuration(4_000) });
    badImage(2_000);
    await world.setImage("web", "image:2");
    await world.until(completed, "completed", 120_000);
  });

  it("with start-first leaves the old task running", async () => {
    await make({ order: UpdateOrder.START_FIRST });
    world.agents.behaviourOf = task => (world.image(task) === "image:2" ? { kind: "cannot start" } : { kind: "runs" });
    await world.setImage("web", "image:2");
    await world.until(() => status()?.state === UpdateState.PAUSED, "paused");
    await world.clock.advance(120_000);
    expect(images()).toEqual(Array(4).fill("image:1"));
  });

  it("with start-first and no restarts gives each slot one try", async () => {
    await make(
      { order: UpdateOrder.START_FIRST, failureAction: FailureAction.CONTINUE },
      { task: { restart: { condition: Condition.NONE } } },
    );
    world.agents.behaviourOf = task => (world.image(task) === "image:2" ? { kind: "cannot start" } : { kind: "runs" });
    await world.setImage("web", "image:2");
    await world.until(completed, "completed");
    await world.clock.advance(120_000);
    expect(images()).toEqual(Array(4).fill("image:1"));
    expect(world.tasks("web").length).toBe(8);
  });

  it("can be followed by one that works", async () => {
    await make({});
    badImage(100);
    await world.setImage("web", "image:2");
    await world.until(() => status()?.state === UpdateState.PAUSED, "paused");
    await world.setImage("web", "image:3");
    await world.until(completed, "completed");
    expect(images()).toEqual(Array(4).fill("image:3"));
  });
});
