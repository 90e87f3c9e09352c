import { readFileSync } from "node:fs";
import type { SignalMasks } from "./signal.ts";

/*
 * What the kernel says about processes of this machine (proc(5)). Process ids are used again: a process is the same one
 * only if its start time and the machine's boot are the same too.
 */

/** Which process exactly, for ever: pid, start time in clock ticks since boot, and the boot itself. */
export interface ProcessIdentity {
  readonly bootId: string;
  readonly pid: number;
  readonly startTicks: string;
}

/** A line of `/proc/PID/stat`: the fields needed here. The name in parentheses may hold spaces and parentheses. */
export function parseStat(
  line: string,
): { pid: number; session: number; startTicks: string; ended: boolean } | undefined {
  const close = line.lastIndexOf(")");
  const pid = Number.parseInt(line, 10);
  const fields = line
    .slice(close + 2)
    .trim()
    .split(" ");
  const [state, session, startTicks] = [fields[0], fields[3], fields[19]];
  if (close < 0 || Number.isNaN(pid) || state === undefined || session === undefined || startTicks === undefined)
    return undefined;
  return { pid, session: Number(session), startTicks, ended: state === "Z" || state === "X" };
}

/** The text of a file under /proc; undefined when the process is gone or may not be looked at. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return undefined;
  }
}

let boot: string | undefined;

/** The kernel's id of this boot; "" where it does not tell. */
export function currentBootId(): string {
  boot ??= (readProc("sys/kernel/random/boot_id") ?? "").trim();
  return boot;
}

/** Whether exactly that process runs now; one that has ended and was not reaped yet does not. */
export function isRunning(identity: ProcessIdentity): boolean {
  if (identity.bootId !== currentBootId()) return false;
  const stat = parseStat(readProc(`${identity.pid}/stat`) ?? "");
  return stat !== undefined && !stat.ended && stat.startTicks === identity.startTicks;
}

/**
 * Whether a running process has this variable in the environment it was started with; undefined while that cannot be told,
 * because another program is just taking its place.
 */
export function wasStartedWith(pid: number, variable: string): boolean | undefined {
  const environment = readProc(`${pid}/environ`);
  if (environment === "" && parseStat(readProc(`${pid}/stat`) ?? "")?.ended === false) return undefined;
  return (environment ?? "").split("\0").includes(variable);
}

/** Signal masks, and whether the process is number 1 of a PID namespace that is not this one. */
export interface SignalStatus extends SignalMasks {
  readonly init: boolean;
}

/** Reads `/proc/PID/status`. */
export function parseSignalStatus(status: string): SignalStatus {
  const mask = (name: string): bigint => {
    const match = new RegExp(`^${name}:\\s*([0-9a-f]+)$`, "m").exec(status);
    return match ? BigInt(`0x${match[1]}`) : 0n;
  };
  return { caught: mask("SigCgt"), ignored: mask("SigIgn"), init: /^NSpid:.*\t1$/m.test(status) };
}

/** How a process takes signals; undefined when it is gone. */
export function signalStatus(pid: number): SignalStatus | undefined {
  const status = readProc(`${pid}/status`);
  return status === undefined ? undefined : parseSignalStatus(status);
}

/** Sends a signal to a process, or to a whole group (negative pid). False when there is none. */
export function sendSignal(pid: number, signal: number): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}

/** SIGKILL for a process and, as it leads a session of its own, for what it has started in its group. */
export function killWithGroup(pid: number): void {
  sendSignal(-pid, 9);
  sendSignal(pid, 9);
}
