/** An IP address as a number with the number of bits of its family. */
interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** Whether `address` (maybe with a port) is `block`: one address, or a network like `10.0.0.0/8`. False for nonsense. */
export function addressIn(address: string, block: string): boolean {
  const [base = "", length] = block.split("/", 2);
  const wanted = parseAddress(base);
  const found = parseAddress(withoutPort(address));
  if (!wanted || !found || wanted.bits !== found.bits) return false;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return false;
  const prefix = length === undefined ? wanted.bits : Number(length);
  if (prefix > wanted.bits) return false;
  const shift = BigInt(wanted.bits - prefix);
  return wanted.value >> shift === found.value >> shift;
}

function withoutPort(address: string): string {
  const bracketed = /^\[(.*)\](:\d+)?$/.exec(address);
  if (bracketed) return bracketed[1] ?? "";
  return /^[^:]+:\d+$/.test(address) ? address.slice(0, address.lastIndexOf(":")) : address;
}

function parseAddress(text: string): Address | undefined {
  return text.includes(":") ? parse6(text) : parse4(text);
}

function parse4(text: string): Address | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every(part => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return { bits: 32, value: parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n) };
}

/** RFC 4291, section 2.2, without the form that ends in an IPv4 address. */
function parse6(text: string): Address | undefined {
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return undefined;
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = 8 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...front, ...Array<string>(missing).fill("0"), ...back];
  if (!groups.every(group => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return { bits: 128, value: groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n) };
}
