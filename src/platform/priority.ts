import { readdirSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { asFault } from "../lib/fault.ts";
import type { Logger } from "../ports/log.ts";

/** By how much a manager's work comes before that of other programs: steps of niceness, each worth a quarter more of a busy processor. */
const managersAdvantage = 10;
const highest = -20;

/** The niceness that this process was started with. What is started for others has that one. */
export const ordinaryPriority = getPriority();

/**
 * Has the kernel let this process go first while it is a manager: the whole swarm waits for it, and followers that hear nothing for
 * long enough elect another. What it starts inherits that: what is not Shoal's is to be given back the ordinary niceness
 * (`makeOrdinary`). Whoever may not do this (it takes root, or CAP_SYS_NICE) goes on without.
 */
export function giveManagersPriority(isManager: boolean, log: Logger): void {
  const wanted = isManager ? Math.max(ordinaryPriority - managersAdvantage, highest) : ordinaryPriority;
  if (getPriority() === wanted) return;
  try {
    setPriority(wanted);
    for (const thread of otherThreads()) setPriorityOf(thread, wanted);
  } catch (error) {
    log.debug("a manager does not go before other programs", { reason: asFault(error).message });
  }
}

/** Gives a process that was just started the niceness that this one was started with. */
export function makeOrdinary(pid: number): void {
  setPriorityOf(pid, ordinaryPriority);
}

/** Of a thread or a process of ours, for which nothing but its end can be in the way. */
function setPriorityOf(id: number, priority: number): void {
  try {
    setPriority(id, priority);
  } catch {
    // It has ended already.
  }
}

/**
 * Linux has a niceness for each thread. The main thread waits for those that collect its garbage and write its log, so they go with it.
 */
function otherThreads(): readonly number[] {
  if (process.platform !== "linux") return [];
  const all = readdirSync("/proc/self/task").map(Number);
  return all.filter(thread => thread !== process.pid);
}
