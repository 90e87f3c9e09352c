import { predefinedLabel } from "../../model/predefined-network.ts";
import type { Network } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { IPAMOptions } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { Json } from "../answer.ts";
import { fromTimestamp } from "../convert/meta.ts";
import { filled, type JsonObject, omitEmpty } from "../convert/omit.ts";

/** Whether it stands for each node's own bridge or host network. Lists do not show those. */
export function isPredefined(network: Network): boolean {
  return network.spec?.annotations?.labels[predefinedLabel] === "true";
}

export function nameOf(network: Network): string {
  return network.spec?.annotations?.name ?? "";
}

/** Driver the network has got, before allocation the one it asks for. */
export function driverOf(network: Network): string {
  return network.driverState?.name || network.spec?.driverConfig?.name || "overlay";
}

/** A swarm network in the form of `/networks`. */
export function fromNetwork(network: Network): JsonObject {
  const spec = network.spec;
  return {
    Name: nameOf(network),
    Id: network.id,
    Created: fromTimestamp(network.meta?.createdAt),
    Scope: "swarm",
    Driver: driverOf(network),
    EnableIPv6: spec?.ipv6Enabled ?? false,
    IPAM: fromIpam(network.ipam ?? spec?.ipam),
    Internal: spec?.internal ?? false,
    Attachable: spec?.attachable ?? false,
    Ingress: spec?.ingress ?? false,
    ConfigFrom: { Network: spec?.configFrom.case === "network" ? spec.configFrom.value : "" },
    ConfigOnly: false,
    Containers: null,
    Options: filled((network.driverState ?? spec?.driverConfig)?.options ?? {}) ?? null,
    Labels: filled(spec?.annotations?.labels ?? {}) ?? null,
  };
}

function fromIpam(ipam: IPAMOptions | undefined): Json {
  return {
    Driver: ipam?.driver?.name ?? "default",
    Options: filled(ipam?.driver?.options ?? {}) ?? null,
    Config: (ipam?.configs ?? []).map(({ subnet, range, gateway }) =>
      omitEmpty({ Subnet: subnet, IPRange: range, Gateway: gateway }),
    ),
  };
}
