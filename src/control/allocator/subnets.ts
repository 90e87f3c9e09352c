import { create } from "@bufbuild/protobuf";
import { contains, type IpNetwork, overlap, parseCidr, parseIp } from "../../lib/ip.ts";
import { formatIp } from "../../lib/ip-text.ts";
import type { Cluster, Network } from "../../model/objects.ts";
import { type IPAMConfig, IPAMConfigSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type Problem, until } from "./problem.ts";

/** Where subnets are cut from when the swarm was founded without saying so, and how large. Docker's. */
const defaultPools = ["10.0.0.0/8"];
const defaultSubnetSize = 24;

/** Where subnets come from. */
export interface SubnetSource {
  readonly pools: readonly IpNetwork[];
  /** Mask length. */
  readonly size: number;
}

export function subnetSource(cluster: Cluster | undefined): SubnetSource {
  const given = cluster?.defaultAddressPool ?? [];
  const pools = (given.length > 0 ? given : defaultPools).flatMap(pool => parseCidr(pool) ?? []);
  return { pools, size: cluster?.subnetSize || defaultSubnetSize };
}

/**
 * The subnets that a network is to have: those it asks for, with gateways, and one from the pools if it asks for none of
 * IPv4. `taken` are those of other networks, the one last given at the end.
 */
export function subnetsFor(
  network: Network,
  taken: readonly IpNetwork[],
  source: SubnetSource,
): IPAMConfig[] | Problem {
  const asked = network.spec.ipam?.configs ?? [];
  for (const { subnet } of asked) {
    const wanted = parseCidr(subnet);
    if (wanted && taken.some(other => overlap(other, wanted))) return overlapping(network, subnet);
  }
  const configs = asked.filter(({ subnet }) => subnet !== "").map(withGateway);
  if (configs.some(({ subnet }) => parseCidr(subnet)?.family === 4)) return configs;
  const cut = nextSubnet(taken, source);
  if (!cut) return usedUp(network, source);
  return [withGateway(create(IPAMConfigSchema, { subnet: cidrText(cut) })), ...configs];
}

/** The first free subnet after the one last given, so that one just freed is not given again at once. */
export function nextSubnet(taken: readonly IpNetwork[], { pools, size }: SubnetSource): IpNetwork | undefined {
  const cuts = pools.filter(({ family, prefixLength }) => family === 4 && prefixLength <= size);
  const last = taken.findLast(subnet => cuts.some(pool => contains(pool, subnet)));
  const lastPool = last ? cuts.findIndex(pool => contains(pool, last)) : 0;
  // From the last one's successor to the end of its pool, the other pools, and that pool's beginning.
  for (let turn = 0; turn <= cuts.length; turn++) {
    const pool = cuts[(lastPool + turn) % cuts.length];
    if (!pool) return undefined;
    const from = turn === 0 && last ? last.value + sizeOf(last.family, size) : pool.value;
    const found = firstFree(pool, from, size, taken);
    if (found) return found;
  }
  return undefined;
}

function firstFree(pool: IpNetwork, from: bigint, size: number, taken: readonly IpNetwork[]): IpNetwork | undefined {
  const step = sizeOf(4, size);
  const end = pool.value + sizeOf(4, pool.prefixLength);
  let value = from - (from % step);
  if (value < from) value += step;
  while (value < end) {
    const candidate: IpNetwork = { family: 4, value, prefixLength: size };
    const inTheWay = taken.find(other => overlap(other, candidate));
    if (!inTheWay) return candidate;
    value = inTheWay.prefixLength < size ? inTheWay.value + sizeOf(4, inTheWay.prefixLength) : value + step;
  }
  return undefined;
}

/** The first address is the gateway's where none is given: as in Docker, and nobody else gets it. */
function withGateway(config: IPAMConfig): IPAMConfig {
  const subnet = parseCidr(config.subnet);
  if (!subnet) return config;
  const gateway = parseIp(config.gateway) ?? { family: subnet.family, value: subnet.value + 1n };
  return create(IPAMConfigSchema, { ...config, subnet: cidrText(subnet), gateway: formatIp(gateway) });
}

export function cidrText(subnet: IpNetwork): string {
  return `${formatIp(subnet)}/${subnet.prefixLength}`;
}

function sizeOf(family: 4 | 6, prefixLength: number): bigint {
  return 1n << BigInt((family === 4 ? 32 : 128) - prefixLength);
}

function overlapping({ spec }: Network, subnet: string): Problem {
  const text = `network "${spec.annotations.name}" cannot have subnet ${subnet}: it overlaps with another network's`;
  return { lacks: "a network", text, until: until.subnets };
}

function usedUp({ spec }: Network, { pools, size }: SubnetSource): Problem {
  const text = `no available subnet for network "${spec.annotations.name}"`;
  const reason = `${pools.map(cidrText).join(", ")} has no free /${size}`;
  return { lacks: "a network", text: `${text}: ${reason}`, until: until.subnets };
}
