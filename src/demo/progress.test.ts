import { describe, expect, it } from "vitest";
import { changes, progressTable } from "./progress.ts";
import { hasConverged, type Snapshot, summarize, type TaskLine } from "./snapshot.ts";

const task = (more: Partial<TaskLine>): TaskLine => ({
  id: "t1",
  name: "web.1",
  node: "worker1",
  state: "running",
  reason: "",
  wanted: true,
  ...more,
});

const snapshot = (more: Partial<Snapshot>): Snapshot => ({
  nodes: [{ name: "manager", state: "ready" }],
  services: [{ name: "web", image: "shoal/whoami:latest@sha256:1", running: 1, desired: 2 }],
  tasks: [task({})],
  ...more,
});

describe("what the demo shows", () => {
  it("draws nodes, services and tasks", () => {
    expect(progressTable(snapshot({}))).toEqual([
      "nodes     1 of 1 ready: manager",
      "web       [##########          ] 1/2    shoal/whoami:latest",
      "  web.1        running    worker1",
    ]);
  });

  it("leaves out tasks that are not wanted, and counts those too many to show", () => {
    const many = Array.from({ length: 20 }, (_, at) => task({ id: `t${at}`, wanted: at > 0 }));
    const lines = progressTable(snapshot({ tasks: many }));
    expect(lines).toHaveLength(2 + 12 + 1);
    expect(lines.at(-1)).toBe("  and 7 more");
  });

  it.each<[string, Snapshot | undefined, Snapshot, string[]]>([
    ["first look", undefined, snapshot({}), ["node manager is ready", "web.1 running on worker1"]],
    ["nothing new", snapshot({}), snapshot({}), []],
    ["a task on its way", snapshot({}), snapshot({ tasks: [task({ id: "t2", state: "preparing" })] }), []],
    [
      "a task that waits for a reason",
      snapshot({}),
      snapshot({ tasks: [task({ id: "t2", state: "pending", node: "", reason: "no suitable node" })] }),
      ["web.1 pending: no suitable node"],
    ],
    [
      "a task that failed",
      snapshot({}),
      snapshot({ tasks: [task({ state: "failed", reason: "exit 1" })] }),
      ["web.1 failed on worker1: exit 1"],
    ],
    [
      "a node that left",
      snapshot({}),
      snapshot({ nodes: [{ name: "manager", state: "down" }] }),
      ["node manager is down"],
    ],
  ])("%s", (_case, before, now, lines) => expect(changes(before, now)).toEqual(lines));

  it("knows when all is up", () => {
    expect(hasConverged(snapshot({}))).toBe(false);
    expect(hasConverged(snapshot({ services: [] }))).toBe(false);
    expect(hasConverged(snapshot({ services: [{ name: "web", image: "", running: 2, desired: 2 }] }))).toBe(true);
  });

  it("reads the Docker API's objects", () => {
    const nodes = [{ ID: "n1", Description: { Hostname: "worker1" }, Status: { State: "ready", Addr: "" } }];
    const spec = { Name: "web", Labels: {}, TaskTemplate: { ContainerSpec: { Image: "i" } }, Mode: {} };
    const status = { RunningTasks: 1, DesiredTasks: 3 };
    const services = [{ ID: "s1", Version: { Index: 1 }, Spec: spec, ServiceStatus: status }];
    const running = { ServiceID: "s1", NodeID: "n1", DesiredState: "running", Status: { State: "running" } };
    const tasks = [
      { ID: "t10", Slot: 10, ...running },
      { ID: "t2", Slot: 2, ...running, DesiredState: "shutdown", Status: { State: "failed", Err: "exit 1" } },
      { ID: "t3", Slot: 3, ...running, ServiceID: "gone" },
    ];
    const { services: rows, tasks: lines } = summarize(nodes, services, tasks);
    expect(rows).toEqual([{ name: "web", image: "i", running: 1, desired: 3 }]);
    expect(lines).toEqual([
      { id: "t2", name: "web.2", node: "worker1", state: "failed", reason: "exit 1", wanted: false },
      { id: "t10", name: "web.10", node: "worker1", state: "running", reason: "", wanted: true },
    ]);
  });
});
