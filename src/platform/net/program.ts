import { spawn } from "node:child_process";
import { onAbort } from "../../lib/bell.ts";
import { Fault } from "../../lib/fault.ts";

/** How long one run may take, in milliseconds. */
const runTimeoutMs = 30_000;
/** How much of a program's output is read, in bytes: 100,000 neighbour entries are about 15 MB. */
const outputLimitBytes = 64 << 20;

/** Programs are the system's, and speak English. */
export const programEnvironment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that was started. */
export interface Run {
  readonly command: string;
  /** Undefined when it could not be. */
  readonly pid: number | undefined;
  /** Resolves when it has ended, whatever its exit status: `runProgram`. */
  readonly outcome: Promise<Outcome>;
}

/** Starts a program of the system's: `runProgram`. `input`: its text, or the descriptor of a file. */
export function startProgram(file: string, args: readonly string[], input: string | number, signal?: AbortSignal): Run {
  const command = [file, ...args].join(" ");
  if (signal?.aborted) return { command, pid: undefined, outcome: Promise.reject(endedFault(file)) };
  const child = spawn(file, args, {
    env: programEnvironment,
    stdio: [typeof input === "number" ? input : "pipe", "pipe", "pipe"],
    timeout: runTimeoutMs,
    killSignal: "SIGKILL",
  });
  const output = { stdout: "", stderr: "" };
  let flooded = false;
  for (const stream of ["stdout", "stderr"] as const)
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
      flooded ||= output[stream].length > outputLimitBytes;
      if (flooded) child.kill("SIGKILL");
    });
  child.stdin?.on("error", () => {}); // It may end without reading all; its exit status tells.
  child.stdin?.end(input);
  const outcome = new Promise<Outcome>((resolve, reject) => {
    const forget = signal && onAbort(signal, () => child.kill("SIGKILL"));
    child.on("error", error => reject(startFault(file, error)));
    child.on("close", code => {
      forget?.();
      if (code === null && signal?.aborted) reject(endedFault(file));
      else if (flooded)
        reject(new Fault("resource_exhausted", `${file} wrote more than ${outputLimitBytes >> 20} MiB`));
      else if (code === null) reject(new Fault("unavailable", `${file} did not end within ${runTimeoutMs / 1000} s`));
      else resolve({ code, ...output });
    });
  });
  return { command, pid: child.pid, outcome };
}

/**
 * Runs a program of the system's to its end, with `input` on its standard input, whatever its exit status. Faults:
 * failed_precondition when it is not installed, unavailable when it takes too long, resource_exhausted when it floods,
 * cancelled when `signal` ends it.
 */
export function runProgram(file: string, args: readonly string[], input = "", signal?: AbortSignal): Promise<Outcome> {
  return startProgram(file, args, input, signal).outcome;
}

/** The same for a run that must succeed; what it wrote. Fault internal with the program's own text. */
export function mustRun(file: string, args: readonly string[], input = "", signal?: AbortSignal): Promise<string> {
  return successOf(startProgram(file, args, input, signal));
}

/** What a run wrote that must succeed. Fault internal with the program's own text. */
export async function successOf({ command, outcome }: Run): Promise<string> {
  const { code, stdout, stderr } = await outcome;
  if (code !== 0) throw new Fault("internal", `${command}: ${stderr.trim() || `exit status ${code}`}`);
  return stdout;
}

function endedFault(file: string): Fault {
  return new Fault("cancelled", `${file} is not waited for any more`);
}

export function startFault(file: string, error: NodeJS.ErrnoException): Fault {
  if (error.code === "ENOENT") return new Fault("failed_precondition", `${file} is not installed`);
  return new Fault("unavailable", `${file} cannot be started: ${error.message}`, { cause: error });
}
