import { readFileSync } from "node:fs";
import { type Clock, sleep } from "../../ports/clock.ts";
import { isRunning, killWithGroup, type ProcessIdentity, parseStat, wasStartedWith } from "./process-table.ts";
import type { TaskPaths } from "./task-paths.ts";

/** How far a task has come, by what its supervisor left on disk and by what runs. */
export type Progress =
  | { readonly phase: "unstarted" }
  /** The supervisor runs, the program is about to. */
  | { readonly phase: "starting"; readonly supervisor: ProcessIdentity }
  | { readonly phase: "running"; readonly supervisor: ProcessIdentity; readonly pid: number }
  | { readonly phase: "exited"; readonly exitCode: number; readonly error: string };

/** Looks at a process that is just becoming another program, and milliseconds between two. */
const mostLooks = 100;
const lookAgainMs = 10;

/** What Docker reports for a container it finds dead without having seen it die. */
const unknownExitCode = 255;

/** Reads how far a task has come. Never throws for a file that is missing or half written. */
export function readProgress(paths: TaskPaths): Progress {
  const exitCode = readNumber(paths.exit);
  if (exitCode !== undefined) return { phase: "exited", exitCode, error: "" };
  const run = readLine(paths.run);
  if (run === undefined) return { phase: "unstarted" };
  const supervisor = parseRun(run);
  if (supervisor && isRunning(supervisor)) {
    const pid = readNumber(paths.pid);
    return pid === undefined ? { phase: "starting", supervisor } : { phase: "running", supervisor, pid };
  }
  // It may have written the exit status and ended between the two looks.
  const lateExitCode = readNumber(paths.exit);
  if (lateExitCode !== undefined) return { phase: "exited", exitCode: lateExitCode, error: "" };
  return {
    phase: "exited",
    exitCode: unknownExitCode,
    error: "the task's supervisor has gone (killed, or the machine restarted): its exit status is not known",
  };
}

/** "BOOT STAT-LINE", as the supervisor writes it. */
export function parseRun(line: string): ProcessIdentity | undefined {
  const space = line.indexOf(" ");
  const stat = parseStat(line.slice(space + 1));
  return stat && { bootId: line.slice(0, space), pid: stat.pid, startTicks: stat.startTicks };
}

/**
 * Kills what a supervisor that was killed itself has left running. The process id alone might be another process's by
 * now, so it must have been started as this task.
 */
export async function killOrphan(paths: TaskPaths, taskId: string, clock: Clock): Promise<void> {
  const pid = readNumber(paths.pid);
  if (pid === undefined) return;
  for (let look = 1; look <= mostLooks; look++) {
    const isTasks = wasStartedWith(pid, `SHOAL_TASK_ID=${taskId}`);
    if (isTasks) killWithGroup(pid);
    if (isTasks !== undefined) return;
    await sleep(clock, lookAgainMs);
  }
}

/** A file's first line; undefined while there is no whole line. */
function readLine(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const end = text.indexOf("\n");
  return end < 0 ? undefined : text.slice(0, end);
}

function readNumber(path: string): number | undefined {
  const line = readLine(path);
  return line !== undefined && /^\d+$/.test(line) ? Number(line) : undefined;
}
