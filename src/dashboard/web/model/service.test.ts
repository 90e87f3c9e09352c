import { describe, expect, it } from "vitest";
import type { Service, Task } from "./objects.ts";
import { aNode, aService, aTask } from "./samples.test-kit.ts";
import { summarise } from "./service.ts";

const failed = aTask("t9", { State: "failed", DesiredState: "running" });
const stopped = aTask("t8", { State: "shutdown", DesiredState: "shutdown" });
const stuck = aTask("t7", { State: "pending", Err: "no suitable node", NodeID: "" });
const global: Service["Spec"] = { Name: "agent", TaskTemplate: {}, Mode: { Global: {} } };
const job: Service["Spec"] = { Name: "job", TaskTemplate: {}, Mode: { ReplicatedJob: { TotalCompletions: 2 } } };
const done = (id: string) => aTask(id, { State: "complete", DesiredState: "complete" });

const CASES: readonly (readonly [string, Service, readonly Task[], object])[] = [
  ["all run", aService("s1", 1), [aTask("t1"), stopped], { running: 1, desired: 1, tone: "good", says: "running" }],
  ["scaled to none", aService("s1", 0), [stopped], { desired: 0, tone: "good", says: "scaled to none" }],
  [
    "some start",
    aService("s1", 2),
    [aTask("t1"), aTask("t2", { State: "preparing" })],
    { tone: "busy", says: "starting" },
  ],
  ["some cannot be placed", aService("s1", 2), [aTask("t1"), stuck], { tone: "bad", says: "waits for a node" }],
  ["one has failed", aService("s1", 1), [failed], { running: 0, tone: "bad", says: "restarting" }],
  [
    "it is updated",
    aService("s1", 1, { UpdateStatus: { State: "updating" } }),
    [aTask("t1")],
    { tone: "busy", says: "updating" },
  ],
  [
    "its update stopped",
    aService("s1", 1, { UpdateStatus: { State: "paused" } }),
    [aTask("t1")],
    { tone: "bad", says: "update paused" },
  ],
  [
    "it is global",
    aService("s1", 0, { Spec: global }),
    [aTask("t1")],
    { mode: "global", desired: 2, says: "starting" },
  ],
  ["a job is at work", aService("s1", 0, { Spec: job }), [done("t1")], { completed: 1, says: "at work" }],
  ["a job is done", aService("s1", 0, { Spec: job }), [done("t1"), done("t2")], { tone: "good", says: "completed" }],
];

describe("summarise", () => {
  const nodes = [aNode("n1"), aNode("n2"), aNode("n3", { Status: { State: "down" } })];
  it.each(CASES)("when %s", (_when, service, tasks, expected) => {
    expect(summarise(service, tasks, nodes)).toMatchObject(expected);
  });
});
