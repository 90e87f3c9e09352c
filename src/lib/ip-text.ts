import type { Ip } from "./ip.ts";

/** An address as it is written: IPv4 with dots, IPv6 as RFC 5952 has it. */
export function formatIp({ family, value }: Ip): string {
  return family === 4 ? formatIpv4(Number(value)) : formatIpv6(value);
}

/** An IPv4 address as it is written; `value` from 0 to 2^32 - 1. */
export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** RFC 5952: no leading zeros, lower case, and "::" for the first of the longest runs of two zeros or more. */
function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, at) => Number((value >> BigInt(16 * (7 - at))) & 0xffffn));
  const { start, length } = longestZeros(groups);
  const text = (some: readonly number[]) => some.map(group => group.toString(16)).join(":");
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let longest = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > longest.length) longest = { start, length: end - start };
    start = end;
  }
  return longest;
}
