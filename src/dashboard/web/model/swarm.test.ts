import { describe, expect, it } from "vitest";
import type { Change } from "./objects.ts";
import { aService, aTask } from "./samples.test-kit.ts";
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
    expect([...touched].sort()).toEqual(["task", "tasks of s1", "tasks on ", "tasks on n1"]);
  });

  it("lets go of what is gone", () => {
    const swarm = new Swarm();
    swarm.apply([told(1, aTask("t1")), told(2)]);
    expect([swarm.size("task"), swarm.tasksOf("s1").size, swarm.tasksOn("n1").size]).toEqual([0, 0, 0]);
  });

  const service = (ID: string, CreatedAt: string): Change => {
    return { Kind: "service", ID, Version: 1, Object: aService(ID, 1, { CreatedAt }) };
  };

  it("gives services hues of their own, also after others have gone", () => {
    const swarm = new Swarm();
    swarm.apply([service("a", "2026-01-01"), service("b", "2026-01-02")]);
    const hues = [swarm.hueOf("a"), swarm.hueOf("b")];
    swarm.apply([{ Kind: "service", ID: "a", Version: 2 }, service("c", "2026-01-03")]);
    expect(new Set([...hues, swarm.hueOf("b"), swarm.hueOf("c")]).size).toBe(3);
  });

  it("gives the same services the same hues, whichever is asked for first", () => {
    const [one, other] = [new Swarm(), new Swarm()];
    for (const swarm of [one, other]) swarm.apply([service("b", "2026-01-02"), service("a", "2026-01-01")]);
    const hues = [one.hueOf("a"), one.hueOf("b")];
    expect([other.hueOf("b"), other.hueOf("a")].reverse()).toEqual(hues);
  });

  it("lets the tasks of a removed service keep its hue", () => {
    const swarm = new Swarm();
    swarm.apply([service("s0", "2026-01-01"), service("s1", "2026-01-02"), told(1, aTask("t1"))]);
    const hue = swarm.hueOf("s1");
    swarm.apply([{ Kind: "service", ID: "s1", Version: 2 }]);
    expect(swarm.hueOf("s1")).toBe(hue);
    swarm.apply([told(2)]);
    expect(swarm.hueOf("s1")).not.toBe(hue);
  });
});
