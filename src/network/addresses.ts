import { parseIp } from "../lib/ip.ts";
import type { PlaneAttachment } from "../wire/gen/shoal/v1/network_pb.ts";

export type Family = 4 | 6;
export const families: readonly Family[] = [4, 6];

/** "10.0.1.5/24" → "10.0.1.5". */
export function bareAddress(address: string): string {
  return address.split("/", 1)[0] ?? "";
}

/** Of an address that is one, or undefined of "". */
export function familyOf(address: string): Family | undefined {
  if (address === "") return undefined;
  return address.includes(":") ? 6 : 4;
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

/** Somebody's place on a network. */
export interface Place {
  /** Without lengths; whatever is no address is left out. */
  readonly addresses: readonly string[];
  /** Undefined without an IPv4 address. */
  readonly mac: string | undefined;
}

export function placeOf(addresses: readonly string[]): Place {
  const bare = addresses.map(bareAddress).filter(address => parseIp(address) !== undefined);
  const ipv4 = bare.find(address => !address.includes(":"));
  return { addresses: bare, mac: ipv4 === undefined ? undefined : macOf(ipv4) };
}

/** Places worked out before: attachments stay the same objects for as long as nothing about them changes. */
const known = new WeakMap<PlaneAttachment, Place>();

function placeOfAttachment(attachment: PlaneAttachment): Place {
  const before = known.get(attachment);
  if (before) return before;
  const place = placeOf(attachment.addresses);
  known.set(attachment, place);
  return place;
}

/** What of `attachments` is on a network. */
export function placeOn(attachments: readonly PlaneAttachment[], networkId: string): Place {
  const here = attachments.filter(attachment => attachment.networkId === networkId).map(placeOfAttachment);
  const [first] = here;
  if (first && here.length === 1) return first;
  return { addresses: here.flatMap(place => place.addresses), mac: here.find(({ mac }) => mac !== undefined)?.mac };
}

/** All addresses of `attachments`. */
export function allAddresses(attachments: readonly PlaneAttachment[]): readonly string[] {
  const [first] = attachments;
  // Most are on one network.
  if (first && attachments.length === 1) return placeOfAttachment(first).addresses;
  return attachments.flatMap(attachment => placeOfAttachment(attachment).addresses);
}
