/** An IP address as a number. IPv4 addresses written as IPv6 (`::ffff:10.0.0.1`) are IPv4 addresses. */
export interface Ip {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface IpNetwork {
  readonly family: 4 | 6;
  /** The first address. */
  readonly value: bigint;
  readonly prefixLength: number;
}

const mappedPrefix = 0xffffn;

/** The address in `text`, or undefined when it is none. Zones (`%eth0`) and leading zeros in IPv4 are refused. */
export function parseIp(text: string): Ip | undefined {
  if (!text.includes(":")) {
    const value = parseIpv4(text);
    return value === undefined ? undefined : { family: 4, value };
  }
  const value = parseIpv6(text);
  if (value === undefined) return undefined;
  return value >> 32n === mappedPrefix ? { family: 4, value: value & 0xffffffffn } : { family: 6, value };
}

/** The network in CIDR notation (`10.0.0.0/24`), its host bits cleared; undefined when `text` is none. */
export function parseCidr(text: string): IpNetwork | undefined {
  const slash = text.indexOf("/");
  const ip = parseIp(text.slice(0, Math.max(slash, 0)));
  const length = text.slice(slash + 1);
  if (!ip || !/^\d{1,3}$/.test(length)) return undefined;
  const bits = ip.family === 4 ? 32 : 128;
  const prefixLength = Number(length);
  if (prefixLength > bits) return undefined;
  const hostBits = BigInt(bits - prefixLength);
  return { family: ip.family, value: (ip.value >> hostBits) << hostBits, prefixLength };
}

export function contains(network: IpNetwork, ip: Ip): boolean {
  const hostBits = BigInt((network.family === 4 ? 32 : 128) - network.prefixLength);
  return network.family === ip.family && network.value >> hostBits === ip.value >> hostBits;
}

/** Whether one of the networks lies within the other. */
export function overlap(a: IpNetwork, b: IpNetwork): boolean {
  return a.prefixLength <= b.prefixLength ? contains(a, b) : contains(b, a);
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (!head) return undefined;
  if (halves.length === 1) return head.length === 8 ? join(head) : undefined;
  if (!tail || head.length + tail.length > 7) return undefined;
  return join([...head, ...Array<bigint>(8 - head.length - tail.length).fill(0n), ...tail]);
}

/** The 16-bit groups of one side of `::`; an IPv4 address at the end makes two. */
function groupsOf(side: string): bigint[] | undefined {
  if (side === "") return [];
  const groups: bigint[] = [];
  const parts = side.split(":");
  for (const [i, part] of parts.entries()) {
    const embedded = i === parts.length - 1 && part.includes(".") ? parseIpv4(part) : undefined;
    if (embedded !== undefined) groups.push(embedded >> 16n, embedded & 0xffffn);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}

function join(groups: readonly bigint[]): bigint {
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}
