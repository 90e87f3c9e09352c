import { spawn } from "node:child_process";
import { Fault } from "../../lib/fault.ts";
import { programEnvironment, startFault } from "./program.ts";

/** Longest line that is looked at, in characters: of a longer one only the end is. */
const lineLimit = 4_096;

/**
 * Runs a program that tells something line by line until `signal` aborts, which ends it: then resolves. Rejects when it ends by
 * itself, failed_precondition when it is not installed. When this process is killed it ends at the next line that it has to say.
 */
export function followProgram(
  file: string,
  args: readonly string[],
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve();
    const child = spawn(file, args, { env: programEnvironment, stdio: ["ignore", "pipe", "ignore"] });
    // It has nothing to put in order, and one that somebody has stopped hears nothing else.
    const end = (): void => void child.kill("SIGKILL");
    signal.addEventListener("abort", end, { once: true });
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()?.slice(-lineLimit) ?? "";
      for (const line of lines) onLine(line);
    });
    child.on("error", error => reject(startFault(file, error)));
    child.on("close", (code, killedBy) => {
      signal.removeEventListener("abort", end);
      if (signal.aborted) resolve();
      else reject(new Fault("unavailable", `${file} ${args.join(" ")} has ended: ${killedBy ?? `exit code ${code}`}`));
    });
  });
}
