import { type Command, InvalidArgumentError } from "commander";
import { parseCpus, parseDuration, parseSize } from "../lib/quantity.ts";
import { shellWords } from "../lib/shell-words.ts";

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

/** A duration as Go writes it ("1h30m", "500ms"), in nanoseconds. */
export function duration(text: string): number {
  return wanted(parseDuration(text), 'a duration like "90s" or "1h30m"');
}

/** A size ("64m", "1g"), in bytes. */
export function size(text: string): number {
  return wanted(parseSize(text), 'a size like "64m" or "1g"');
}

/** A number of CPUs ("0.5"), in billionths. */
export function cpus(text: string): number {
  return wanted(parseCpus(text), 'a number of CPUs like "0.5"');
}

export function ratio(text: string): number {
  return wanted(/^\d*\.?\d+$/.test(text) && Number(text) <= 1 ? Number(text) : undefined, "a number from 0 to 1");
}

/** The words of a command line, as a shell splits it. */
export function words(text: string): string[] {
  try {
    return shellWords(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function wanted<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new InvalidArgumentError(`not ${what}`);
  return value;
}

/** What lists of tasks have besides. */
export function taskListOptions(command: Command): Command {
  return command
    .option("--no-trunc", "whole ids and reasons")
    .option("--no-resolve", "ids instead of names of services and nodes");
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
