import { spawn } from "node:child_process";

/** How long a helper command may take, in milliseconds. */
const commandTimeoutMs = 60_000;
/** How much of a command's output is kept, in bytes. */
const outputLimitBytes = 16 << 20;

export interface CommandOptions {
  readonly input?: Uint8Array | string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever its exit status; killed when it takes too long or floods. */
export function tryCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [file = "", ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: { ...process.env, ...options.env } });
    const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? commandTimeoutMs);
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        output[stream] += text;
        if (output[stream].length > outputLimitBytes) child.kill("SIGKILL");
      });
    child.on("error", error => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({
        code: code ?? 128,
        ...output,
        stderr: signal ? `${output.stderr}(ended by ${signal})` : output.stderr,
      });
    });
    child.stdin.on("error", () => {}); // It may end without reading its input; its exit status tells.
    child.stdin.end(options.input);
  });
}

/** Runs a program to its end and gives its standard output; any other exit status than 0 is an error that shows why. */
export async function command(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await tryCommand(argv, options);
  if (result.code !== 0) throw new Error(`${argv.join(" ")}: exit status ${result.code}: ${result.stderr.trim()}`);
  return result.stdout;
}

/** Looks again every few milliseconds until `probe` gives something; an error with `what` when it takes too long. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 100_000,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}
