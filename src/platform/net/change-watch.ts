import type { NetPart } from "../../ports/net-ops.ts";
import { followProgram } from "./program-lines.ts";
import type { RulesTransactions } from "./rules-transactions.ts";

/** Which of the kernel's events are listened to. Forwarding entries come with the neighbours. */
const linkEvents = ["link", "address", "neigh", "route", "rule"];

/** Neighbours that the kernel learns and forgets by itself, all the time. */
const learnt = /\b(REACHABLE|STALE|DELAY|PROBE|INCOMPLETE|FAILED)\s*$/;

/** See `NetOps.watch`; `transactions` hears of each change of the rules: two programs that run for as long as that lasts. */
export async function watchChanges(
  prefixes: readonly string[],
  transactions: RulesTransactions,
  changed: (what: NetPart) => void,
  signal: AbortSignal,
): Promise<void> {
  const ending = new AbortController();
  const until = AbortSignal.any([signal, ending.signal]);
  const rules = followProgram("nft", ["monitor"], line => transactions.read(line) && changed("rules"), until);
  const links = followProgram(
    "ip",
    ["monitor", ...linkEvents],
    line => isLinkNews(line, prefixes) && changed("links"),
    until,
  );
  try {
    await Promise.race([rules, links]);
  } finally {
    ending.abort();
    await Promise.allSettled([rules, links]);
  }
}

/** Whether the line is about a device that begins so, a port or something of it, or a rule of routing, and no everyday event. */
export function isLinkNews(line: string, prefixes: readonly string[]): boolean {
  const event = /^(?<deleted>Deleted )?(?:\d+:\s+(?<device>\S+)|.*? dev (?<on>\S+))/.exec(line)?.groups ?? {};
  const { deleted, device, on } = event;
  const name = device ?? on ?? "";
  const isOurs = (it: string | undefined): boolean => prefixes.some(prefix => it?.startsWith(prefix));
  if (device === "from") return true;
  if (isOurs(name)) return deleted !== undefined || !learnt.test(line);
  return deleted === undefined && device !== undefined && isOurs(/ master (\S+)/.exec(line)?.[1]);
}
