import { describe, expect, it } from "vitest";
import type { Change } from "./objects.ts";
import { aTask } from "./samples.test-kit.ts";
import { Swarm } from "./swarm.ts";

const told = (Version: number, task?: ReturnType<typeof aTask>): Change => ({
  ...{ Kind: "task", ID: "t1", Version },
  ...(task && { Object: task }),
});
const ids = (tasks: ReadonlyMap<string, unknown>) => [...tasks.keys()];

describe("the swarm as the page knows it", () => {
  it("finds tasks by service and by node, also when they move", () => {
    const swarm = new Swarm();
    swarm.apply([told(1, aTask("t1", { NodeID: "" }))]);
    expect([ids(swarm.tasksOf("s1")), ids(swarm.tasksOn("")), ids(swarm.tasksOn("n1"))]).toEqual([["t1"], ["t1"], []]);
    const touched = swarm.apply([told(2, aTask("t1", { NodeID: "n1" }))]);
    expect([ids(swarm.tasksOn("")), ids(swarm.tasksOn("n1"))]).toEqual([[], ["t1"]]);
    expect([...touched].sort()).toEqual(["task", "task t1", "tasks of s1", "tasks on ", "tasks on n1"]);
  });

  it("lets go of what is gone", () => {
    const swarm = new Swarm();
    swarm.apply([told(1, aTask("t1")), told(2)]);
    expect([swarm.size("task"), swarm.tasksOf("s1").size, swarm.tasksOn("n1").size]).toEqual([0, 0, 0]);
  });

  it.each([
    ["an older state", [told(5, aTask("t1", { State: "running" })), told(4, aTask("t1", { State: "starting" }))]],
    ["an older state of what is gone", [told(1, aTask("t1")), told(5), told(4, aTask("t1"))]],
  ])("passes over %s", (_what, changes) => {
    const swarm = new Swarm();
    for (const change of changes) swarm.apply([change]);
    expect(swarm.get("task", "t1")?.State).toBe(changes.length === 2 ? "running" : undefined);
  });
});
