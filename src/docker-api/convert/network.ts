import type { Network, NetworkAttachment } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { IPAMOptions } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { fromAnnotations } from "./annotations.ts";
import { fromDriver } from "./driver.ts";
import { fromMeta } from "./meta.ts";
import { type JsonObject, omitEmpty } from "./omit.ts";

/** A network in the form that tasks carry; `/networks` has another one. */
export function fromTaskNetwork({ network, addresses }: NetworkAttachment): JsonObject {
  return omitEmpty({ Network: network ? fromNetwork(network) : {}, Addresses: addresses });
}

function fromNetwork(network: Network): JsonObject {
  return omitEmpty({
    ID: network.id,
    ...fromMeta(network.meta),
    Spec: fromNetworkSpec(network),
    DriverState: fromDriver(network.driverState) ?? {},
    IPAMOptions: network.ipam && fromIpam(network.ipam),
  });
}

function fromNetworkSpec({ spec }: Network): JsonObject {
  return omitEmpty({
    ...fromAnnotations(spec?.annotations),
    DriverConfiguration: fromDriver(spec?.driverConfig),
    IPv6Enabled: spec?.ipv6Enabled,
    Internal: spec?.internal,
    Attachable: spec?.attachable,
    Ingress: spec?.ingress,
    IPAMOptions: spec?.ipam && fromIpam(spec.ipam),
    ConfigFrom: spec?.configFrom.case === "network" ? { Network: spec.configFrom.value } : undefined,
    Scope: "swarm",
  });
}

function fromIpam(ipam: IPAMOptions): JsonObject {
  return omitEmpty({
    Driver: fromDriver(ipam.driver) ?? {},
    Configs: ipam.configs.map(config =>
      omitEmpty({ Subnet: config.subnet, Range: config.range, Gateway: config.gateway }),
    ),
  });
}
