import { create } from "@bufbuild/protobuf";
import { vxlanOption } from "../../model/network.ts";
import { type Network, NetworkSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { PlaneNetwork } from "../../wire/gen/shoal/v1/network_pb.ts";
import { familyOf } from "../addresses.ts";

/** A network as a node without the managers' store knows it, in the managers' own form. Its gateways are the node's own addresses. */
export function knownNetwork(network: PlaneNetwork): Network {
  const { id, name, ingress, internal, attachable, options, vxlanId, subnets } = network;
  return create(NetworkSchema, {
    id,
    spec: {
      annotations: { name },
      driverConfig: { name: "overlay", options },
      ipv6Enabled: subnets.some(({ cidr }) => familyOf(cidr) === 6),
      ...{ ingress, internal, attachable },
    },
    driverState: { name: "overlay", options: { ...options, [vxlanOption]: String(vxlanId) } },
    ipam: {
      driver: { name: "default" },
      configs: subnets.map(({ cidr, gateway }) => ({ subnet: cidr, gateway })),
    },
  });
}
