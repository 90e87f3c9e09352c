import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Node, Service } from "../../model/objects.ts";
import { toTimestamp } from "../../model/time.ts";
import { sampleNetwork, sampleNode, sampleService, sampleTask } from "../../sim/samples.ts";
import type { StoreEvent } from "../../store/tx.ts";
import { NodeSpec_Availability } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  ManagerStatusSchema,
  NodeRole,
  NodeStatus_State,
  RaftMemberStatus_Reachability,
  UpdateStatus_UpdateState,
  UpdateStatusSchema,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { describeChange } from "./describe.ts";
import { fromEvent } from "./event.ts";

const attributes = (change: StoreEvent) => describeChange(change, 0)?.attributes;

const updateOf = (state: UpdateStatus_UpdateState) => create(UpdateStatusSchema, { state });
const managerOf = (leader: boolean, reachability = RaftMemberStatus_Reachability.REACHABLE) =>
  create(ManagerStatusSchema, { leader, reachability });

const service = sampleService("s1", "web");
const scaled: Service = { ...service, spec: { ...service.spec, mode: { case: "replicated", value: replicas(2n) } } };
const reimaged = sampleService("s1", "web", { runtime: { case: "container", value: { image: "nginx" } } });

function replicas(count: bigint) {
  return { $typeName: "docker.swarmkit.v1.ReplicatedService" as const, replicas: count };
}

const SERVICES: readonly (readonly [string, Service, Service, Record<string, string>])[] = [
  ["nothing", service, service, {}],
  ["replicas", service, scaled, { "replicas.old": "1", "replicas.new": "2" }],
  ["the image", service, reimaged, { "image.old": "shoal/whoami", "image.new": "nginx" }],
  [
    "the first update",
    service,
    { ...service, updateStatus: updateOf(UpdateStatus_UpdateState.UPDATING) },
    { "updatestate.new": "updating" },
  ],
  [
    "an update's end",
    { ...service, updateStatus: updateOf(UpdateStatus_UpdateState.UPDATING) },
    { ...service, updateStatus: updateOf(UpdateStatus_UpdateState.ROLLBACK_COMPLETED) },
    { "updatestate.old": "updating", "updatestate.new": "rollback_completed" },
  ],
];

const node = sampleNode("n1", "vm");
const NODES: readonly (readonly [string, Node, Node, Record<string, string>])[] = [
  ["nothing", node, node, {}],
  [
    "availability",
    node,
    { ...node, spec: { ...node.spec, availability: NodeSpec_Availability.DRAIN } },
    { "availability.old": "active", "availability.new": "drain" },
  ],
  ["role", node, { ...node, role: NodeRole.MANAGER }, { "role.old": "worker", "role.new": "manager" }],
  [
    "state",
    node,
    { ...node, status: { ...node.status, state: NodeStatus_State.DOWN } },
    { "state.old": "ready", "state.new": "down" },
  ],
  [
    "leadership",
    { ...node, managerStatus: managerOf(false) },
    { ...node, managerStatus: managerOf(true, RaftMemberStatus_Reachability.UNREACHABLE) },
    {
      "leader.old": "false",
      "leader.new": "true",
      "reachability.old": "reachable",
      "reachability.new": "unreachable",
    },
  ],
  ["becoming a manager", node, { ...node, managerStatus: managerOf(true) }, {}],
];

describe("describeChange", () => {
  it.each(SERVICES)("tells of a service: %s", (_what, old, object, expected) => {
    const change = { kind: "service", action: "update", version: 1n, object, old } as const;
    expect(attributes(change)).toEqual({ name: "web", ...expected });
  });

  it.each(NODES)("tells of a node: %s", (_what, old, object, expected) => {
    const change = { kind: "node", action: "update", version: 1n, object, old } as const;
    expect(attributes(change)).toEqual({ name: "vm", ...expected });
  });

  it("tells of no task", () => {
    expect(
      attributes({ kind: "task", action: "create", version: 1n, object: sampleTask("t1", service) }),
    ).toBeUndefined();
  });

  it("has Docker's form, and the time of the write; of a removal now", () => {
    const network = sampleNetwork("n2", "ov");
    const meta = { ...network.meta, createdAt: toTimestamp(1_795_263_246_178) };
    const made = describeChange({ kind: "network", action: "create", version: 1n, object: { ...network, meta } }, 5);
    expect(made && fromEvent(made)).toEqual({
      Type: "network",
      Action: "create",
      Actor: { ID: "n2", Attributes: { name: "ov" } },
      scope: "swarm",
      time: 1_795_263_246,
      timeNano: 1_795_263_246_178_000_000,
    });
    const gone = describeChange(
      { kind: "network", action: "remove", version: 2n, object: { ...network, meta } },
      5_000,
    );
    expect(gone?.time).toEqual(toTimestamp(5_000));
  });
});
