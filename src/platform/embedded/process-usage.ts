import { readdirSync, readFileSync } from "node:fs";

/*
 * What a process and those it has started use, by what the kernel says of them (proc(5)). A process that has left the tree, by
 * ending its parent outside of a PID namespace, is not found and not counted.
 */

/** The kernel counts time in hundredths of a second (USER_HZ), on every machine that Node runs on. */
const ticksPerSecond = 100;
/** Memory is counted in pages; of 4 KiB on every machine that this is used on. */
const pageBytes = 4096;
/** Processes of one task that are looked at: what is beyond is not counted. */
const maxProcesses = 512;

export interface ProcessUsage {
  readonly cpuSeconds: number;
  /** Memory of its own: what it shares with others, like its program, counts for nobody. */
  readonly memoryBytes: number;
}

/** A process with all that descend from it; undefined when it is gone. */
export function treeUsage(pid: number): ProcessUsage | undefined {
  let found = false;
  let [cpuSeconds, memoryBytes] = [0, 0];
  const pids = [pid];
  for (let at = 0; at < pids.length && at < maxProcesses; at++) {
    const usage = processUsage(read(`${pids[at]}/stat`), read(`${pids[at]}/statm`));
    if (!usage) continue;
    found = true;
    cpuSeconds += usage.cpuSeconds;
    memoryBytes += usage.memoryBytes;
    pids.push(...children(`${pids[at]}`));
  }
  return found ? { cpuSeconds, memoryBytes } : undefined;
}

/** By a process's `stat` and `statm`. Its time includes that of its children that have ended. */
export function processUsage(stat: string, statm: string): ProcessUsage | undefined {
  const close = stat.lastIndexOf(")");
  if (close < 0) return undefined;
  const ticks = stat
    .slice(close + 2)
    .split(" ")
    .slice(11, 15)
    .reduce((sum, field) => sum + Number(field), 0);
  const [, resident = 0, shared = 0] = statm.split(" ").map(Number);
  return { cpuSeconds: ticks / ticksPerSecond, memoryBytes: Math.max(0, resident - shared) * pageBytes };
}

/** Each thread has the children that it has started itself. */
function children(pid: string): number[] {
  return threads(pid).flatMap(thread => read(`${pid}/task/${thread}/children`).split(" ").map(Number).filter(Boolean));
}

function threads(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** "" when the process is gone or may not be looked at. */
function read(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return "";
  }
}
