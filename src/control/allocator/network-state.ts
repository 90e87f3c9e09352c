import { create } from "@bufbuild/protobuf";
import { parseCidr } from "../../lib/ip.ts";
import { firstVxlanId, isOverlay, vxlanIdOf, vxlanOption } from "../../model/network.ts";
import type { Network } from "../../model/objects.ts";
import { DriverSchema, IPAMOptionsSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { isProblem, type Problem, until } from "./problem.ts";
import { type SubnetSource, subnetsFor } from "./subnets.ts";

/** Lower ids are left to other uses of VXLAN on the same wire. SwarmKit: 4096. */
const firstSwarmVxlanId = 4096;
/** RFC 7348: 24 bits. */
const lastVxlanId = 2 ** 24 - 1;

/** What has been given to other networks, the one last given at the end. */
export type Allocated = readonly Network[];

/** The networks that have their state, in the order of their creation. */
export function allocatedOf(networks: Iterable<Network>): Network[] {
  const allocated = [...networks].filter(network => network.driverState && isOverlay(network));
  return allocated.sort((a, b) => ageOf(a) - ageOf(b) || vxlanIdOf(a) - vxlanIdOf(b));
}

/** The network with what the swarm gives it: subnets and a VXLAN id, if it spans nodes. */
export function withState(network: Network, others: Allocated, source: SubnetSource): Network | Problem {
  const { spec } = network;
  const driver = spec.driverConfig ?? create(DriverSchema, { name: "overlay" });
  if (!isOverlay(network)) return { ...network, driverState: driver };
  const subnets = subnetsFor(network, others.flatMap(subnetsOf), source);
  if (isProblem(subnets)) return subnets;
  const vxlanId = vxlanIdFor(network, others);
  if (typeof vxlanId !== "number") return vxlanId;
  return {
    ...network,
    driverState: create(DriverSchema, {
      name: "overlay",
      options: { ...driver.options, [vxlanOption]: String(vxlanId) },
    }),
    ipam: create(IPAMOptionsSchema, {
      driver: { name: spec.ipam?.driver?.name || "default", options: spec.ipam?.driver?.options ?? {} },
      configs: subnets,
    }),
  };
}

function vxlanIdFor({ spec }: Network, others: Allocated): number | Problem {
  const taken = new Map(others.map(other => [vxlanIdOf(other), other]));
  const { name } = spec.annotations;
  const asked = firstVxlanId(spec.driverConfig?.options ?? {});
  const holder = asked === undefined ? undefined : taken.get(asked);
  if (holder)
    return lacking(`network "${name}" cannot have VXLAN id ${asked}: network "${holder.spec.annotations.name}" has it`);
  if (asked !== undefined) return asked;
  const last = others.at(-1);
  let id = last ? vxlanIdOf(last) + 1 : firstSwarmVxlanId;
  for (let looked = 0; looked <= taken.size; looked++) {
    if (id > lastVxlanId || id < firstSwarmVxlanId) id = firstSwarmVxlanId;
    if (!taken.has(id)) return id;
    id++;
  }
  return lacking(`no available VXLAN id for network "${name}"`);
}

function lacking(text: string): Problem {
  return { lacks: "a network", text, until: until.subnets };
}

function subnetsOf({ ipam }: Network) {
  return (ipam?.configs ?? []).flatMap(({ subnet }) => parseCidr(subnet) ?? []);
}

function ageOf({ meta }: Network): number {
  const { seconds = 0n, nanos = 0 } = meta.createdAt ?? {};
  return Number(seconds) + nanos / 1e9;
}
