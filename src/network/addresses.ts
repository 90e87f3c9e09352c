import { parseIp } from "../lib/ip.ts";
import type { PlaneAttachment } from "../wire/gen/shoal/v1/network_pb.ts";

export type Family = 4 | 6;
export const families: readonly Family[] = [4, 6];

/** "10.0.1.5/24" → "10.0.1.5". */
export function bareAddress(address: string): string {
  return address.split("/", 1)[0] ?? "";
}

export function familyOf(address: string): Family | undefined {
  return parseIp(bareAddress(address))?.family;
}

/** "10.0.1.2" → "10.0.1.2/32", and /128 with IPv6. */
export function alone(address: string): string {
  return `${address}/${address.includes(":") ? 128 : 32}`;
}

/**
 * The MAC of whoever has an IPv4 address on a network of ours: Docker derives a container's so, and we give bridges theirs
 * (`02:42:` and the four bytes). So what is where is known from the swarm's state alone.
 */
export function macOf(ipv4: string): string {
  const bytes = ipv4.split(".").map(part => Number(part).toString(16).padStart(2, "0"));
  return ["02", "42", ...bytes].join(":");
}

/** Addresses without lengths at a place on a network, and the MAC behind them: undefined without an IPv4 address. */
export function placeOf(addresses: readonly string[]): { addresses: string[]; mac: string | undefined } {
  const bare = addresses.map(bareAddress).filter(address => parseIp(address) !== undefined);
  const ipv4 = bare.find(address => !address.includes(":"));
  return { addresses: bare, mac: ipv4 === undefined ? undefined : macOf(ipv4) };
}

/** What of `attachments` is on a network, without lengths. */
export function addressesOn(attachments: readonly PlaneAttachment[], networkId: string): string[] {
  const here = attachments.filter(attachment => attachment.networkId === networkId);
  return here.flatMap(attachment => placeOf(attachment.addresses).addresses);
}
