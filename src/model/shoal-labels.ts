import { parseIp } from "../lib/ip.ts";
import { parseSpan } from "../lib/span.ts";
import { isBadLabel, isServiceName, parseDependsOn } from "./depends-on.ts";

/** Labels of services that mean something to Shoal itself. */
export const serviceLabels = {
  /** What its tasks wait for before they start. */
  dependsOn: "shoal.depends-on",
  /** Seconds between when a task gets nothing new any more and its stop signal. */
  drainSeconds: "shoal.drain-seconds",
  /** The services that may reach it. */
  allowFrom: "shoal.allow-from",
  /** Whether a node's published ports are answered by its own tasks alone. */
  publishLocal: "shoal.publish-local",
} as const;

/** Labels of nodes that mean something to Shoal itself. */
export const nodeLabels = {
  /** How long tasks may stay once it is drained. */
  drainTimeout: "shoal.drain-timeout",
  /** The addresses on which it publishes ports. */
  publishAddresses: "shoal.publish-addresses",
} as const;

/** Longest drain of a task, seconds: what is longer was not meant. */
export const longestDrainSeconds = 3_600;

/** What a label takes. */
export interface Grammar {
  readonly accepts: (text: string) => boolean;
  /** What follows "takes". */
  readonly takes: string;
}

const switchWords = ["", "true", "1", "yes", "false", "0", "no"];

export const serviceGrammars: Readonly<Record<string, Grammar>> = {
  [serviceLabels.dependsOn]: {
    accepts: text => !isBadLabel(parseDependsOn(text)),
    takes: "SERVICE[:started|:healthy|:completed], several with commas between",
  },
  [serviceLabels.drainSeconds]: {
    accepts: text => /^\d+(\.\d+)?$/.test(text) && Number(text) <= longestDrainSeconds,
    takes: `seconds from 0 to ${longestDrainSeconds}`,
  },
  [serviceLabels.allowFrom]: {
    accepts: text => listOf(text).every(isServiceName),
    takes: "names of services with commas between; none lets nobody in",
  },
  [serviceLabels.publishLocal]: {
    accepts: text => switchWords.includes(text.toLowerCase()),
    takes: "true or false",
  },
};

export const nodeGrammars: Readonly<Record<string, Grammar>> = {
  [nodeLabels.drainTimeout]: {
    accepts: text => parseSpan(text) !== undefined,
    takes: "a duration like 90s, 10m or 1h30m; 0 for none",
  },
  [nodeLabels.publishAddresses]: {
    accepts: text => listOf(text).every(address => parseIp(address) !== undefined),
    takes: "IP addresses of the node with commas between",
  },
};

/** The parts of a label that is a list with commas between; empty ones do not count. */
export function listOf(text = ""): string[] {
  return text
    .split(",")
    .map(part => part.trim())
    .filter(part => part !== "");
}
