import { InvalidArgumentError } from "commander";

/** Collects a repeated option. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** `K=V` texts as a map; a text without "=" has an empty value. */
export function pairs(texts: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    texts.map(text => {
      const at = text.indexOf("=");
      return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

export function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("not a whole number");
  return Number(text);
}

const unitNanos: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** A duration as Go writes it ("1h30m", "500ms"), in nanoseconds. */
export function duration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text)
    throw new InvalidArgumentError('not a duration like "90s" or "1h30m"');
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitNanos[unit ?? ""] ?? 0), 0);
}

/** `[PUBLISHED:]TARGET[/PROTOCOL]`, or docker's long form `published=…,target=…,protocol=…,mode=…`. */
export function port(text: string): Record<string, unknown> {
  if (text.includes("=")) {
    const { published, target = "", protocol = "tcp", mode = "ingress" } = pairs(text.split(","));
    return {
      Protocol: protocol,
      TargetPort: count(target),
      PublishMode: mode,
      ...(published ? { PublishedPort: count(published) } : {}),
    };
  }
  const match = /^(?:(\d+):)?(\d+)(?:\/(tcp|udp|sctp))?$/.exec(text);
  if (!match) throw new InvalidArgumentError("not [PUBLISHED:]TARGET[/PROTOCOL]");
  const [, published, target, protocol = "tcp"] = match;
  const base = { Protocol: protocol, TargetPort: Number(target), PublishMode: "ingress" };
  return published === undefined ? base : { ...base, PublishedPort: Number(published) };
}
