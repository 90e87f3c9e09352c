import { type IpNetwork, parseCidr, parseIp } from "../../lib/ip.ts";
import { formatIp, formatIpv4 } from "../../lib/ip-text.ts";
import type { IPAMConfig } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Addresses of a subnet are numbered from its first one on. Beyond this none are given out: an IPv6 /64 has room enough before it. */
const lastNumber = 2 ** 32 - 1;

/** The addresses of one subnet: who holds how many of which, and which one comes next. */
export class SubnetPool {
  readonly subnet: IpNetwork;
  readonly #base: number;
  readonly #first: number;
  readonly #last: number;
  readonly #gateway: number | undefined;
  /** How many objects hold each number: more than one only if the state is wrong, and then all must let go. */
  readonly #held = new Map<number, number>();
  /** Held ones that count against the capacity: those between the first and the last. */
  #used = 0;
  #next: number;

  /** Undefined for a configuration that is no subnet. */
  static of(config: IPAMConfig): SubnetPool | undefined {
    const subnet = parseCidr(config.subnet);
    return subnet && new SubnetPool(subnet, config);
  }

  private constructor(subnet: IpNetwork, { range, gateway }: IPAMConfig) {
    this.subnet = subnet;
    this.#base = subnet.family === 4 ? Number(subnet.value) : 0;
    const whole = sizeOf(subnet);
    const part = parseCidr(range);
    const start = part ? Number(part.value - subnet.value) : 0;
    const end = part ? start + sizeOf(part) - 1 : whole - 1;
    // The first address means the subnet itself, and IPv4's last one all in it.
    this.#first = Math.max(start, 1);
    this.#last = Math.min(end, subnet.family === 4 ? whole - 2 : whole - 1, lastNumber);
    this.#gateway = this.numberOf(gateway);
    this.#next = this.#first;
  }

  /** "10.0.1.0/24". */
  get cidr(): string {
    return this.textOf(0);
  }

  /** Addresses that can be given to somebody. */
  get capacity(): number {
    const gateway = this.#gateway;
    const taken = gateway !== undefined && gateway >= this.#first && gateway <= this.#last ? 1 : 0;
    return Math.max(0, this.#last - this.#first + 1 - taken);
  }

  get inUse(): number {
    return this.#used;
  }

  get free(): number {
    return this.capacity - this.#used;
  }

  /** The number of an address ("10.0.1.5", or with a length); undefined when it is not of this subnet. */
  numberOf(text: string): number | undefined {
    const slash = text.indexOf("/");
    const ip = parseIp(slash < 0 ? text : text.slice(0, slash));
    if (!ip || ip.family !== this.subnet.family || ip.value < this.subnet.value) return undefined;
    const number = Number(ip.value - this.subnet.value);
    return number < sizeOf(this.subnet) ? number : undefined;
  }

  /** The address with the subnet's length, "10.0.1.5/24". */
  textOf(number: number): string {
    const { family, value, prefixLength } = this.subnet;
    const address =
      family === 4 ? formatIpv4(this.#base + number) : formatIp({ family, value: value + BigInt(number) });
    return `${address}/${prefixLength}`;
  }

  isFree(number: number): boolean {
    return number !== this.#gateway && !this.#held.has(number);
  }

  hold(number: number): void {
    const holders = this.#held.get(number) ?? 0;
    this.#held.set(number, holders + 1);
    if (holders === 0 && this.#counts(number)) this.#used++;
  }

  /** Whether nobody holds it any more. */
  release(number: number): boolean {
    const holders = this.#held.get(number);
    if (holders === undefined) return false;
    if (holders > 1) {
      this.#held.set(number, holders - 1);
      return false;
    }
    this.#held.delete(number);
    if (this.#counts(number)) this.#used--;
    return true;
  }

  /**
   * The next free one after the one last given, so that one just freed is not given again at once: others may have it in
   * their caches. Undefined when all are held.
   */
  findFree(): number | undefined {
    if (this.free <= 0) return undefined;
    let number = this.#next;
    for (let looked = this.#first; looked <= this.#last; looked++) {
      if (this.isFree(number)) return number;
      number = number < this.#last ? number + 1 : this.#first;
    }
    return undefined;
  }

  /** The one last given, where the search for the next begins. */
  get lastGiven(): number {
    return this.#next - 1;
  }

  set lastGiven(number: number) {
    if (number + 1 >= this.#first) this.#next = number < this.#last ? number + 1 : this.#first;
  }

  #counts(number: number): boolean {
    return number >= this.#first && number <= this.#last && number !== this.#gateway;
  }
}

function sizeOf({ family, prefixLength }: IpNetwork): number {
  return 2 ** ((family === 4 ? 32 : 128) - prefixLength);
}
