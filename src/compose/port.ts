/** One published port, in the long form of the specification. */
export interface PortForm {
  readonly target: number;
  readonly published?: string;
  readonly protocol: string;
  readonly mode: string;
  readonly host_ip?: string;
}

const form = /^(?:(?:(\[[0-9a-fA-F:.]+\]|[^:]+):)?([0-9]*(?:-[0-9]+)?):)?([0-9]+(?:-[0-9]+)?)(?:\/([a-z]+))?$/;

/** The ports of `[[IP:]PUBLISHED:]TARGET[/PROTOCOL]`, where both may be ranges; undefined when it is no such text. */
export function parsePort(text: string): PortForm[] | undefined {
  const [, ip, published = "", target = "", protocol = "tcp"] = form.exec(text) ?? [];
  const targets = range(target);
  const hosts = published === "" ? [] : range(published);
  if (targets.length === 0 || (published !== "" && hosts.length === 0)) return undefined;
  if (!["tcp", "udp", "sctp"].includes(protocol)) return undefined;
  const common = { protocol, mode: "ingress", ...(ip === undefined ? {} : { host_ip: ip.replace(/^\[|\]$/g, "") }) };
  // One target published on several ports: Docker takes the range as a whole.
  if (targets.length === 1 && hosts.length > 1)
    return hosts.map(host => ({ target: targets[0] ?? 0, published: `${host}`, ...common }));
  if (hosts.length > 0 && hosts.length !== targets.length) return undefined;
  return targets.map((one, at) => ({
    target: one,
    ...(hosts.length > 0 ? { published: String(hosts[at]) } : {}),
    ...common,
  }));
}

/** The numbers of `A` or `A-B`; none when they are no ports. */
export function range(text: string): number[] {
  const [from = Number.NaN, to = from] = text.split("-").map(Number);
  if (!(from >= 1 && to >= from && to <= 65535)) return [];
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}
