import { parseIp } from "../../lib/ip.ts";
import { formatIp } from "../../lib/ip-text.ts";

/** The address that a name for reverse look-ups asks for (RFC 1035 3.5, RFC 3596 2.5); undefined for any other name. */
export function reversedAddress(name: string): string | undefined {
  const lower = name.toLowerCase().replace(/\.$/, "");
  const ipv4 = /^((?:\d{1,3}\.){3}\d{1,3})\.in-addr\.arpa$/.exec(lower)?.[1];
  if (ipv4 !== undefined) return canonical(ipv4.split(".").reverse().join("."));
  const ipv6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(lower)?.[1];
  if (ipv6 === undefined) return undefined;
  const digits = ipv6.split(".").reverse().join("");
  return canonical((digits.match(/.{4}/g) ?? []).join(":"));
}

function canonical(text: string): string | undefined {
  const ip = parseIp(text);
  return ip && formatIp(ip);
}
