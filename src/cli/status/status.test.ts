import { describe, expect, it } from "vitest";
import type { InfoView, NodeView, ServiceView, TaskView } from "../types.ts";
import { node, serviceView, task } from "../views.test-kit.ts";
import type { Facts } from "./facts.ts";
import { screenOf } from "./screen.ts";
import { statusOf } from "./status.ts";

const manager = (name: string, ManagerStatus: object = {}): NodeView =>
  node(name, { ManagerStatus: { Reachability: "reachable", Addr: "10.0.0.1:2377", ...ManagerStatus } });
const three = [manager("m1", { Leader: true }), manager("m2"), manager("m3"), node("w1")];

function facts(
  parts: { nodes?: NodeView[]; services?: ServiceView[]; tasks?: TaskView[]; cluster?: object } = {},
): Facts {
  const { nodes = three, services = [], tasks = [], cluster = {} } = parts;
  const view = { ID: "c", Version: { Index: 1 }, JoinTokens: { Worker: "", Manager: "" }, Spec: {}, ...cluster };
  return { info: info({}), swarm: { cluster: view, nodes, services, tasks }, error: undefined };
}

function info(swarm: Partial<InfoView["Swarm"]>): InfoView {
  const own = { NodeID: "m1", NodeAddr: "10.0.0.1", LocalNodeState: "active", ControlAvailable: true, Error: "" };
  return { Name: "m1", ServerVersion: "1", Swarm: { ...own, ...swarm } };
}

const apart = (swarm: Partial<InfoView["Swarm"]>, error?: string): Facts => ({
  info: info(swarm),
  swarm: undefined,
  error,
});
const down = (members: object, status: object = { RunningTasks: 0, DesiredTasks: 1 }): ServiceView =>
  serviceView({}, { ServiceStatus: status, ...members });
const problems = (found: Facts): [string, string][] =>
  statusOf(found, 0).problems.map(({ subject, reason }) => [subject, reason]);

describe("shoal status", () => {
  it("finds nothing wrong with what is well", () => {
    const status = statusOf(
      facts({ services: [serviceView({}, { ServiceStatus: { RunningTasks: 1, DesiredTasks: 1 } })] }),
      0,
    );
    expect(status).toEqual({
      state: "active",
      managers: { total: 3, reachable: 3, quorum: 2, leader: "m1" },
      nodes: { total: 4, ready: 4, drained: 0, paused: 0 },
      services: [{ name: "web", replicas: "1/1", up: true }],
      problems: [],
    });
    expect(screenOf(status)).toBe(`managers  3 of 3 reachable, quorum 2, leader m1
nodes     4: 4 ready
services  1: 1 up

SERVICE   REPLICAS
web       1/1        up

Nothing is wrong.`);
  });

  it("takes a service whose tasks have done their work for up", () => {
    const TaskTemplate = { ContainerSpec: { Image: "x" }, RestartPolicy: { Condition: "on-failure" } };
    const once = serviceView({ TaskTemplate }, { ServiceStatus: { RunningTasks: 0, DesiredTasks: 1 } });
    const found = facts({ services: [once], tasks: [task({ state: "complete", DesiredState: "shutdown" })] });
    expect([problems(found), statusOf(found, 0).services]).toEqual([[], [{ name: "web", replicas: "0/1", up: true }]]);
  });

  it.each<[string, Facts, [string, string][]]>([
    ["no swarm", apart({ LocalNodeState: "inactive", ControlAvailable: false }), [["this node", "it is in no swarm"]]],
    [
      "a locked manager",
      apart({ LocalNodeState: "locked", ControlAvailable: false }),
      [["this manager", "it is locked: it cannot read its state"]],
    ],
    [
      "a worker",
      apart({ ControlAvailable: false, RemoteManagers: [{ NodeID: "m", Addr: "10.0.0.9:2377" }] }),
      [["this node", "it is a worker, and knows no more"]],
    ],
    [
      "no quorum",
      apart({}, "The swarm does not have a leader."),
      [["the managers", "no answer, as without a quorum: The swarm does not have a leader."]],
    ],
    [
      "a lost manager",
      facts({ nodes: [...three.slice(0, 2), manager("m3", { Reachability: "unreachable" })] }),
      [["manager m3", "it is unreachable: one more, and there is no quorum"]],
    ],
    [
      "two managers",
      facts({ nodes: three.slice(0, 2) }),
      [["the managers", "there are two: without either of them nothing can be changed"]],
    ],
    [
      "a node that is down",
      facts({ nodes: [...three, node("w2", { Status: { State: "down", Addr: "", Message: "heartbeat failure" } })] }),
      [["node w2", "it is down: heartbeat failure"]],
    ],
    [
      "a node that has another use for a published port",
      facts({ nodes: [...three, node("w2", { Status: { State: "ready", Addr: "", Message: "port 80/tcp, …" } })] }),
      [["node w2", "port 80/tcp, …"]],
    ],
    [
      "a change of the root",
      facts({ cluster: { RootRotationInProgress: true } }),
      [["the root CA", "it is being changed: some nodes have no new certificate yet"]],
    ],
    [
      "a paused update",
      facts({
        services: [
          down({ UpdateStatus: { State: "paused", Message: "task x failed" } }, { RunningTasks: 1, DesiredTasks: 1 }),
        ],
      }),
      [["service web", "update paused: task x failed"]],
    ],
    [
      "tasks that find no node, by reason",
      facts({
        services: [down({})],
        tasks: [1, 2, 3].map(Slot =>
          task({ Slot, NodeID: "", state: "pending", error: "no suitable node (insufficient resources on 4 nodes)" }),
        ),
      }),
      [["service web", "3 tasks wait: no suitable node (insufficient resources on 4 nodes)"]],
    ],
    [
      "tasks that fail again and again",
      facts({
        services: [down({})],
        tasks: [
          ...[1, 2, 3].map(() => task({ state: "failed", DesiredState: "shutdown", error: "exit 1" })),
          task({ state: "ready" }),
        ],
      }),
      [["service web", "tasks fail again and again (3 of late): exit 1"]],
    ],
    [
      "tasks that are on their way",
      facts({ services: [down({})], tasks: [task({ state: "preparing", message: "pulling" })] }),
      [["service web", "1 task waits: preparing: pulling"]],
    ],
    ["what nothing explains", facts({ services: [down({})] }), [["service web", "0 of 1 tasks run"]]],
  ])("tells of %s", (_, found, expected) => {
    expect(problems(found)).toEqual(expected);
  });

  it("puts errors first, each with what to do", () => {
    const nodes = [manager("m1", { Leader: true }), manager("m2", { Reachability: "unreachable" })];
    expect(
      screenOf(statusOf(facts({ nodes }), 0))
        .split("\n")
        .slice(4),
    ).toEqual([
      "✗ manager m2: it is unreachable: one more, and there is no quorum",
      "  → start it again, or `shoal node demote m2` and `shoal node rm m2`",
      "! the managers: there are two: without either of them nothing can be changed",
      "  → promote a third node: `shoal node promote NODE`",
    ]);
  });
});
