import { describe, expect, it } from "vitest";
import { concernsOf } from "./attention.ts";
import { aNode, aService, aTask, swarmOf } from "./samples.test-kit.ts";

const nowMs = Date.parse("2026-11-21T10:05:00Z");
const member = (NodeID: string, Reachable = true) => ({ NodeID, Addr: `${NodeID}:2377`, Leader: false, Reachable });
const stuck = (id: string) => aTask(id, { State: "pending", Err: "no suitable node (2 nodes not available)" });
const failure = (id: string, Since: string) =>
  aTask(id, { State: "failed", DesiredState: "shutdown", Since, Err: "task: non-zero exit (1)" });
const service = aService("web", 3);
const tasks = (...all: ReturnType<typeof aTask>[]) => all.map(task => ({ ...task, ServiceID: "web" }));

const CASES: readonly (readonly [string, Parameters<typeof swarmOf>[0], readonly object[]])[] = [
  ["nothing", { node: [aNode("n1")], service: [service], task: tasks(aTask("t1")) }, []],
  [
    "tasks that wait for the same reason, together",
    { service: [service], task: tasks(stuck("t1"), stuck("t2")) },
    [{ level: "bad", title: "2 tasks of web cannot be placed", reason: "no suitable node (2 nodes not available)" }],
  ],
  [
    "a crash loop, but not failures of long ago",
    {
      service: [service],
      task: tasks(
        failure("t1", "2026-11-21T10:01:00Z"),
        failure("t2", "2026-11-21T10:03:00Z"),
        failure("t3", "2026-11-21T10:02:00Z"),
        failure("t4", "2026-11-21T08:00:00Z"),
      ),
    },
    [
      {
        title: "web fails again and again",
        reason: "at least 3 failures in ten minutes, the last: task: non-zero exit (1)",
      },
    ],
  ],
  [
    "a paused update",
    { service: [aService("web", 1, { UpdateStatus: { State: "paused", Message: "update paused due to failure" } })] },
    [{ level: "bad", title: "The update of web is paused", reason: "update paused due to failure" }],
  ],
  [
    "a lost node, after what is worse",
    {
      node: [aNode("n1", { Status: { State: "down", Message: "heartbeat failure" } })],
      service: [service],
      task: tasks(stuck("t1")),
    },
    [{ level: "bad" }, { level: "warn", title: "Node n1 is down", reason: "heartbeat failure" }],
  ],
  [
    "a certificate that was not renewed, and no other",
    {
      node: [
        aNode("n1", { Certificate: { Since: "2026-11-01T10:00:00Z", Ends: "2026-11-22T10:00:00Z" } }),
        aNode("n2", { Certificate: { Since: "2026-11-21T10:00:00Z", Ends: "2026-11-22T10:00:00Z" } }),
      ],
    },
    [{ level: "warn", title: "The certificate of node n1 is about to end" }],
  ],
  [
    "a lost manager of five",
    { quorum: [{ Members: [member("a"), member("b"), member("c"), member("d"), member("e", false)], Term: 2 }] },
    [{ level: "warn", title: "1 of 5 managers cannot be reached" }],
  ],
  [
    "a lost manager of three",
    { quorum: [{ Members: [member("a"), member("b"), member("c", false)], Term: 2 }] },
    [{ level: "bad", reason: expect.stringContaining("can lose 0 more") }],
  ],
];

describe("concernsOf", () => {
  it.each(CASES)("tells of %s", (_what, objects, expected) => {
    const found = concernsOf(swarmOf(objects), nowMs);
    expect(found).toMatchObject(expected);
    expect(found).toHaveLength(expected.length);
  });
});
