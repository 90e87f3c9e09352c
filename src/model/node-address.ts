import { parseIp } from "../lib/ip.ts";
import type { NodeDescription } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Engine label in which a node tells the address it was given; SwarmKit's messages have no field for it. */
export const addressLabel = "shoal.address";

/**
 * The address a node goes by: where it calls from. Only on the managers' own machine, where every node calls from
 * 127.0.0.1, is its word taken for which loopback address is its own.
 */
export function nodeAddress(calledFrom: string, description: NodeDescription | undefined): string {
  const told = description?.engine?.labels[addressLabel] ?? "";
  return calledFrom.startsWith("127.") && told.startsWith("127.") && parseIp(told) ? told : calledFrom;
}
