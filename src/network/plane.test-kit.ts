import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { PortConfig_Protocol as Protocol } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import {
  type NetworkMessage,
  NetworkMessageSchema,
  type PlaneEndpointSchema,
  type PlaneNetworkSchema,
  type PlaneNodeSchema,
  type PlaneServiceSchema,
  NetworkMessage_Type as Type,
} from "../wire/gen/shoal/v1/network_pb.ts";
import { applyMessage, emptyPlane, type Plane } from "./plane-state.ts";
import type { Self } from "./self.ts";

/** Node "…self" at 192.0.2.1. Its devices begin with sbself and svself. */
export const self: Self = { nodeId: "node-self", address: "192.0.2.1", underlayMtu: 1_500, filtersBridges: true };

export interface PlaneParts {
  readonly networks?: readonly MessageInitShape<typeof PlaneNetworkSchema>[];
  readonly nodes?: readonly MessageInitShape<typeof PlaneNodeSchema>[];
  readonly endpoints?: readonly MessageInitShape<typeof PlaneEndpointSchema>[];
  readonly services?: readonly MessageInitShape<typeof PlaneServiceSchema>[];
}

export function wholePlane(parts: PlaneParts): NetworkMessage {
  return create(NetworkMessageSchema, {
    type: Type.COMPLETE,
    changes: [
      ...(parts.networks ?? []).map(value => ({ item: { case: "network" as const, value } })),
      ...(parts.nodes ?? []).map(value => ({ item: { case: "node" as const, value } })),
      ...(parts.endpoints ?? []).map(value => ({ item: { case: "endpoint" as const, value } })),
      ...(parts.services ?? []).map(value => ({ item: { case: "service" as const, value } })),
    ],
  });
}

export function planeOf(parts: PlaneParts): Plane {
  return applyMessage(emptyPlane, wholePlane(parts));
}

/** The network "back" (id net-back), 10.0.1.0/24, where this node is .1. */
export const back = {
  id: "net-back",
  name: "back",
  vxlanId: 4097,
  vxlanPort: 4789,
  subnets: [{ cidr: "10.0.1.0/24", gateway: "10.0.1.1" }],
};

/** The ingress network (id net-mesh), 10.0.0.0/24, where this node is .2. */
export const mesh = {
  id: "net-mesh",
  name: "ingress",
  vxlanId: 4096,
  vxlanPort: 4789,
  ingress: true,
  subnets: [{ cidr: "10.0.0.0/24", gateway: "10.0.0.2" }],
};

/** The other node, at 192.0.2.2: .3 on the ingress network, .4 on "back". */
export const other = {
  id: "node-other",
  hostname: "other",
  dataAddress: "192.0.2.2",
  attachments: [
    { networkId: "net-mesh", addresses: ["10.0.0.3/24"] },
    { networkId: "net-back", addresses: ["10.0.1.4/24"] },
  ],
};

/** Service "web" on "back" with VIP 10.0.1.10, published on 8080 → 80. */
export const web = {
  id: "svc-web",
  name: "web",
  virtualIps: [{ networkId: "net-back", address: "10.0.1.10/24" }],
  ports: [{ protocol: Protocol.TCP, targetPort: 80, publishedPort: 8080 }],
};

/** Task number `slot` of "web": .2`slot` on "back", .1`slot` on the ingress network; on this node when the slot is 1. */
export function webTask(slot: number, ready = true): MessageInitShape<typeof PlaneEndpointSchema> {
  return {
    taskId: `task${slot}`,
    serviceId: "svc-web",
    nodeId: slot === 1 ? self.nodeId : other.id,
    slot: BigInt(slot),
    name: `web.${slot}.task${slot}`,
    ready,
    attachments: [
      { networkId: "net-mesh", addresses: [`10.0.0.1${slot}/24`] },
      { networkId: "net-back", addresses: [`10.0.1.2${slot}/24`] },
    ],
  };
}

/** Both networks, both nodes, "web" with a task on each node. */
export const twoTasks: PlaneParts = {
  networks: [mesh, back],
  nodes: [other],
  services: [web],
  endpoints: [webTask(1), webTask(2)],
};
