import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Fault } from "../../lib/fault.ts";
import type { Plan } from "./plan.ts";

/**
 * A command line of a task (its program, a health check) with what comes before the program: limits of single
 * processes, the variables that a shell would lose, the user last of all, since it may not be allowed the rest.
 */
export function wrapped(plan: Plan, command: readonly string[], variables: readonly string[]): readonly string[] {
  return [
    ...(plan.ulimits.length > 0 ? ["prlimit", ...plan.ulimits] : []),
    ...asUser(plan),
    ...(variables.length > 0 ? ["env", ...variables] : []),
    ...command,
  ];
}

function asUser(plan: Plan): readonly string[] {
  if (!plan.user || plan.user.uid === process.getuid?.()) return [];
  const { uid, gid } = plan.user;
  return ["setpriv", "--reuid", String(uid), "--regid", String(gid), "--clear-groups", "--"];
}

/** Makes sure that the program is there before anything is started. Faults failed_precondition with Docker's texts. */
export async function requireProgram(plan: Plan, directory: string): Promise<void> {
  const [program = ""] = plan.command;
  if (!(await isDirectory(directory)))
    throw new Fault(
      "failed_precondition",
      `starting container failed: chdir to cwd ("${directory}") failed: no such directory`,
    );
  for (const candidate of candidates(plan, program, directory)) if (await isExecutable(candidate)) return;
  const missing = program.includes("/")
    ? "no such file or directory, or not executable"
    : "executable file not found in $PATH";
  throw new Fault("failed_precondition", `starting container failed: exec: "${program}": ${missing}`);
}

function candidates(plan: Plan, program: string, directory: string): string[] {
  if (program.includes("/")) return [resolve(directory, program)];
  const path = plan.env.find(entry => entry.startsWith("PATH="))?.slice("PATH=".length) ?? "";
  return path.split(":").map(part => join(part || directory, program));
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isDirectory(),
    () => false,
  );
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK)
    .then(() => stat(path))
    .then(
      found => found.isFile(),
      () => false,
    );
}
