import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { promisify } from "node:util";

/**
 * How far tasks are kept apart from this machine. `namespaces`: PID, mount and UTS namespaces of their own (root, with
 * util-linux's unshare). `session`: a session and process group of their own and no more.
 */
export type Isolation = "namespaces" | "session";

/** Where a task in a mount namespace of its own finds its secrets; the directory must be there to be mounted over. */
export const secretsDirectory = "/run/secrets";

/** Tries out, once, whether this process may make the namespaces a task would get. */
export async function findIsolation(): Promise<Isolation> {
  if (process.getuid?.() !== 0) return "session";
  const attempt = ["--mount", "--pid", "--uts", "--fork", "sh", "-c", "mount -t proc proc /proc"];
  try {
    await promisify(execFile)("unshare", attempt, { timeout: attemptTimeoutMs });
    mkdirSync(secretsDirectory, { recursive: true });
    return "namespaces";
  } catch {
    return "session";
  }
}

const attemptTimeoutMs = 10_000;

/** The command line that runs `command` where the task with this process id is: its namespaces and directory. */
export function inside(isolation: Isolation, pid: number, command: readonly string[]): readonly string[] {
  switch (isolation) {
    case "namespaces":
      return ["nsenter", "--target", String(pid), "--mount", "--uts", "--pid", "--wd", "--", ...command];
    case "session":
      return command;
    default:
      return isolation satisfies never;
  }
}
