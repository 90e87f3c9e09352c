import { isIP } from "node:net";
import { create } from "@bufbuild/protobuf";
import { type Static, Type } from "typebox";
import { type NetworkSpec, NetworkSpecSchema } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { type IPAMOptions, IPAMOptionsSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { annotationsMembers, toAnnotations } from "../convert/annotations.ts";
import { stringMap } from "../convert/omit.ts";
import { HttpError } from "../errors.ts";
import { optionalBoolean, optionalString, optionalStringMap } from "../schema.ts";

const ipamConfigBody = Type.Object({ Subnet: optionalString, IPRange: optionalString, Gateway: optionalString });

const ipamBody = Type.Object({
  Driver: optionalString,
  Options: optionalStringMap,
  Config: Type.Optional(Type.Array(ipamConfigBody)),
});

export const createBody = Type.Object({
  ...annotationsMembers,
  Driver: optionalString,
  Scope: optionalString,
  EnableIPv6: optionalBoolean,
  Internal: optionalBoolean,
  Attachable: optionalBoolean,
  Ingress: optionalBoolean,
  Options: optionalStringMap,
  IPAM: Type.Optional(ipamBody),
  ConfigFrom: Type.Optional(Type.Object({ Network: optionalString })),
});

type CreateBody = Static<typeof createBody>;

/** Drivers that a network of the swarm's can have; plugins of the engine's own are not looked at. */
const drivers = ["overlay", "bridge", "host", "macvlan", "ipvlan"];

/** Whether the network is to be the swarm's, and not this node's alone. */
export function isForSwarm(body: CreateBody): boolean {
  return body.Driver === "overlay" || body.Scope === "swarm" || body.Ingress === true;
}

/** The spec a body asks for. Statuses and texts are dockerd's, which fails some wrong input with 500. */
export function toNetworkSpec(body: CreateBody): NetworkSpec {
  const driver = body.Driver || "overlay";
  if ((body.Name ?? "").trim() === "") throw new HttpError(500, `invalid name: ${body.Name ?? ""}`);
  if (!drivers.includes(driver)) throw new HttpError(404, `plugin ${JSON.stringify(driver)} not found`);
  const from = body.ConfigFrom?.Network ?? "";
  return create(NetworkSpecSchema, {
    annotations: toAnnotations(body),
    driverConfig: { name: driver, options: stringMap(body.Options, "Options") },
    ipv6Enabled: body.EnableIPv6 ?? false,
    internal: body.Internal ?? false,
    attachable: body.Attachable ?? false,
    ingress: body.Ingress ?? false,
    ...(body.IPAM && { ipam: toIpam(body.IPAM) }),
    configFrom: from === "" ? { case: undefined } : { case: "network", value: from },
  });
}

function toIpam(body: Static<typeof ipamBody>): IPAMOptions {
  return create(IPAMOptionsSchema, {
    driver: { name: body.Driver || "default", options: stringMap(body.Options, "IPAM.Options") },
    configs: (body.Config ?? []).map(toIpamConfig),
  });
}

function toIpamConfig(body: Static<typeof ipamConfigBody>) {
  const { Subnet = "", IPRange = "", Gateway = "" } = body;
  if (Subnet !== "" && !isCidr(Subnet)) {
    throw new HttpError(500, `Invalid subnet ${Subnet} : invalid CIDR address: ${Subnet}`);
  }
  if (IPRange !== "" && !isCidr(IPRange)) {
    throw new HttpError(400, `Invalid IPAM.Config.IPRange ${IPRange} : invalid CIDR address: ${IPRange}`);
  }
  if (Gateway !== "" && isIP(Gateway) === 0) {
    throw new HttpError(400, `Invalid IPAM.Config.Gateway ${Gateway} : invalid IP address: ${Gateway}`);
  }
  return { subnet: Subnet, range: IPRange, gateway: Gateway };
}

function isCidr(text: string): boolean {
  const [address = "", mask = "", ...more] = text.split("/");
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return more.length === 0 && /^\d{1,3}$/.test(mask) && Number(mask) <= bits;
}
