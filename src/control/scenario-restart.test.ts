import { afterEach, describe, expect, it } from "vitest";
import { toDuration } from "../model/time.ts";
import { NodeSpec_Availability as Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  RestartPolicy_RestartCondition as Condition,
  NodeStatus_State as NodeState,
  TaskState,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { aService, type RestartInit } from "./objects.test-kit.ts";
import { World } from "./world.test-kit.ts";

let world: World;
afterEach(() => world.end());

async function make(restart?: RestartInit, history = 5): Promise<void> {
  world = await World.make({ n1: {}, n2: {} }, { history });
  const task = restart && { restart: { condition: Condition.ANY, ...restart } };
  await world.create(aService("web", { replicas: 1, ...(task && { task }) }));
  await world.until(() => world.running("web").length === 1, "running");
}

const failsAfter = (afterMs: number) => {
  world.agents.behaviourOf = () => ({ kind: "ends", afterMs, state: TaskState.FAILED });
};
const wentWell = () => {
  world.agents.behaviourOf = () => ({ kind: "ends", afterMs: 100, state: TaskState.COMPLETE });
};
const recovers = () => {
  world.agents.behaviourOf = () => ({ kind: "runs" });
};

describe("a task that ends", () => {
  it("is followed by another one in its slot after the delay of 5 s", async () => {
    await make();
    const [first] = world.running("web");
    failsAfter(0);
    await world.until(() => world.running("web").length === 0, "ended");
    recovers();
    await world.until(() => world.live("web").length === 1, "prepared", 500);
    const took = await world.until(() => world.running("web").length === 1, "running");
    expect(took).toBeGreaterThan(4_500);
    expect(took).toBeLessThan(5_500);
    const [second] = world.running("web");
    expect(second?.id).not.toBe(first?.id);
    expect(second?.slot).toBe(1n);
    expect(world.tasks("web").find(task => task.id === first?.id)?.desiredState).toBe(TaskState.SHUTDOWN);
  });

  it("is delayed as well when it cannot even be prepared", async () => {
    await make();
    let made = 0;
    world.store.onCommit(events => {
      made += events.filter(event => event.kind === "task" && event.action === "create").length;
    });
    failsAfter(0);
    await world.until(() => world.running("web").length === 0, "ended");
    world.agents.behaviourOf = () => ({ kind: "cannot start" });
    await world.clock.advance(60_000);
    expect(made).toBeGreaterThan(10);
    expect(made).toBeLessThan(14);
  });

  it("keeps its delay when the leader changes", async () => {
    await make({ delay: toDuration(20_000) });
    failsAfter(0);
    await world.until(() => world.running("web").length === 0, "ended");
    recovers();
    await world.clock.advance(10_000);
    await world.newLeader();
    const took = await world.until(() => world.running("web").length === 1, "running");
    expect(took).toBeGreaterThan(9_000);
    expect(took).toBeLessThan(10_500);
  });

  it.each([
    ["none", Condition.NONE, "well", false],
    ["none", Condition.NONE, "badly", false],
    ["on-failure", Condition.ON_FAILURE, "well", false],
    ["on-failure", Condition.ON_FAILURE, "badly", true],
    ["any", Condition.ANY, "well", true],
  ])("with condition %s (%s) and ending %s: another one %s", async (_, condition, how, expected) => {
    await make({ condition, delay: toDuration(0) });
    if (how === "well") wentWell();
    else failsAfter(100);
    await world.until(() => world.running("web").length === 0, "ended");
    recovers();
    await world.clock.advance(120_000);
    expect(world.running("web").length).toBe(expected ? 1 : 0);
    expect(world.tasks("web").length).toBe(expected ? 2 : 1);
  });

  it("is tried again only so often", async () => {
    await make({ maxAttempts: 3n, delay: toDuration(100) });
    failsAfter(100);
    await world.clock.advance(30_000);
    await world.newLeader();
    await world.clock.advance(120_000);
    expect(world.tasks("web").length).toBe(4);
    expect(world.live("web")).toEqual([]);
  });

  it("is tried again only so often, though the history is shorter than the attempts", async () => {
    await make({ maxAttempts: 4n, delay: toDuration(100) }, 2);
    const seen = new Set<string>();
    world.store.onCommit(events => {
      for (const event of events) if (event.kind === "task" && event.action === "create") seen.add(event.object.id);
    });
    failsAfter(100);
    await world.clock.advance(120_000);
    expect(seen.size).toBe(4);
    expect(world.tasks("web").length).toBe(2);
  });

  it("is tried again without end when it fails less often than the window allows", async () => {
    await make({ maxAttempts: 2n, window: toDuration(5_000), delay: toDuration(1_000) });
    failsAfter(3_000);
    await world.clock.advance(60_000);
    expect(world.live("web").length).toBe(1);
    failsAfter(100);
    await world.clock.advance(60_000);
    expect(world.live("web")).toEqual([]);
  });

  it("gets its attempts anew with a new spec", async () => {
    await make({ maxAttempts: 1n, delay: toDuration(100) });
    failsAfter(100);
    await world.clock.advance(10_000);
    expect(world.live("web")).toEqual([]);
    recovers();
    await world.setImage("web", "image:2");
    await world.until(() => world.running("web").length === 1, "running");
    expect(world.image(world.running("web")[0]!)).toBe("image:2");
  });

  it("leaves no more history than the limit", async () => {
    await make({ delay: toDuration(100) }, 3);
    failsAfter(100);
    await world.clock.advance(60_000);
    expect(world.tasks("web").length).toBeLessThanOrEqual(4);
    recovers();
    await world.until(() => world.running("web").length === 1, "running");
    await world.clock.advance(1_000);
    expect(world.tasks("web").length).toBe(3);
  });

  it("leaves all its history when there is no limit", async () => {
    await make({ delay: toDuration(100) }, -1);
    failsAfter(100);
    await world.clock.advance(10_000);
    expect(world.tasks("web").length).toBeGreaterThan(10);
  });
});

describe("a task that crashes again and again", () => {
  it("is tried less and less often, says so, and comes back at once with a new spec", async () => {
    await make({ delay: toDuration(1_000) }, -1);
    failsAfter(100);
    await world.clock.advance(600_000);
    const tasks = world.tasks("web");
    expect(tasks.length).toBeGreaterThan(18);
    expect(tasks.length).toBeLessThan(28);
    const remarks = tasks.filter(task => task.status.err.includes("times in a row")).length;
    expect(remarks).toBeGreaterThan(7);
    recovers();
    await world.setImage("web", "image:2");
    await world.until(() => world.running("web").length === 1, "running", 5_000);
  });
});

describe("a move", () => {
  it("is no restart: it does not use up attempts, and needs no delay", async () => {
    await make({ maxAttempts: 1n, delay: toDuration(60_000) });
    for (const [from, to] of [
      ["n1", "n2"],
      ["n2", "n1"],
      ["n1", "n2"],
    ] as const) {
      await world.setAvailability(to, Availability.ACTIVE);
      await world.setAvailability(from, Availability.DRAIN);
      await world.until(() => world.running("web").some(task => task.nodeId === to), `on ${to}`, 1_000);
    }
    expect(world.running("web").length).toBe(1);
  });

  it("does not wait for a node that is down", async () => {
    await make();
    world.agents.stopMs = 30_000;
    const [task] = world.running("web");
    await world.setNodeState(task!.nodeId, NodeState.DOWN);
    await world.until(() => world.running("web").some(other => other.nodeId !== task!.nodeId), "moved", 500);
  });

  it("does not wait for ever for a task that does not stop", async () => {
    await make();
    world.agents.stopMs = Number.POSITIVE_INFINITY;
    const [task] = world.running("web");
    await world.setAvailability(task!.nodeId, Availability.DRAIN);
    const took = await world.until(() => world.running("web").some(other => other.id !== task!.id), "moved", 90_000);
    expect(took).toBeGreaterThan(59_000);
    expect(took).toBeLessThan(61_000);
  });
});
