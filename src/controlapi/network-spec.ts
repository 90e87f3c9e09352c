import { create } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import { contains, type Ip, type IpNetwork, parseCidr, parseIp } from "../lib/ip.ts";
import type { Network } from "../model/objects.ts";
import { predefinedLabel } from "../model/predefined-network.ts";
import type { NetworkSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema, type Driver, type IPAMConfig } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { checkDnsName } from "./names.ts";
import { invalidArgument, required } from "./parts.ts";

/** Drivers that every engine brings along. */
const networkDrivers: ReadonlySet<string> = new Set(["overlay", "bridge", "host", "macvlan", "ipvlan"]);
const ipamDrivers: ReadonlySet<string> = new Set(["default"]);

/** A request's network spec, whole and checked for all that can be checked without looking at the cluster. */
export function checkedNetworkSpec(sent: NetworkSpec | undefined): Network["spec"] {
  const spec = { ...required(sent), annotations: sent?.annotations ?? create(AnnotationsSchema) };
  if (spec.attachable && spec.ingress) throw invalidArgument("ingress network cannot be attachable");
  checkDnsName(spec.annotations);
  if (Object.hasOwn(spec.annotations.labels, predefinedLabel))
    throw new Fault(
      "permission_denied",
      `label ${predefinedLabel} is for internally created predefined networks and cannot be applied by users`,
    );
  if (spec.ingress && spec.driverConfig && spec.driverConfig.name !== "overlay")
    throw new Fault("unimplemented", "only overlay driver is currently supported for ingress network");
  checkDriver(spec.driverConfig, networkDrivers);
  checkDriver(spec.ipam?.driver, ipamDrivers);
  for (const config of spec.ipam?.configs ?? []) checkIpam(config);
  return spec;
}

function checkDriver(driver: Driver | undefined, known: ReadonlySet<string>): void {
  if (!driver) return;
  if (driver.name === "") throw invalidArgument("driver name: if driver is specified name is required");
  if (!known.has(driver.name.toLowerCase())) throw invalidArgument(`error during lookup of plugin ${driver.name}`);
}

function checkIpam({ subnet, range, gateway }: IPAMConfig): void {
  const network = parseCidr(subnet);
  if (!network) throw invalidArgument(`ipam configuration: invalid subnet ${subnet}`);
  if (range !== "") checkPart("range", range, parseCidr(range), subnet, network);
  if (gateway !== "") checkPart("gateway", gateway, parseIp(gateway), subnet, network);
}

function checkPart(what: string, text: string, part: Ip | undefined, subnet: string, network: IpNetwork): void {
  if (!part) throw invalidArgument(`ipam configuration: invalid ${what} ${text}`);
  if (!contains(network, part))
    throw invalidArgument(`ipam configuration: subnet ${subnet} does not contain ${what} ${text}`);
}
