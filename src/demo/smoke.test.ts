import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const program = resolve(import.meta.dirname, "..", "..", "dist", "demo", "main.js");
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "shoal-smoke-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Processes that were started with something in the directory: daemons, supervisors, tasks' own working directory. */
function processesOf(path: string): string[] {
  return readdirSync("/proc")
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap(pid => {
      const file = `/proc/${pid}/cmdline`;
      const line = existsSync(file) ? read(file) : "";
      return line.includes(path) ? [line.replaceAll("\0", " ")] : [];
    });
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

function start(args: readonly string[], onOutput: (output: string, kill: (signal: NodeJS.Signals) => void) => void) {
  // The demo makes its directories where TMPDIR says.
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, TMPDIR: directory } });
  let output = "";
  return new Promise<Ended>(done => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", data => {
        output += data;
        onOutput(output, signal => child.kill(signal));
      });
    child.once("close", status => done({ status, output }));
  });
}

describe("npm start", () => {
  it("checks a whole swarm with --smoke, and leaves nothing behind", async () => {
    const { status, output } = await start(["--smoke", "--workers", "1"], () => {});
    expect(output.split("\n").filter(line => line.startsWith("ok "))).toHaveLength(10);
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(await readdir(directory)).toEqual([]);
    expect(processesOf(directory)).toEqual([]);
  }, 180_000);

  it("stays until it is told to stop, and leaves nothing behind", async () => {
    let told = false;
    const { status, output } = await start(["--managers", "1", "--workers", "1"], (sofar, kill) => {
      if (!sofar.includes("Ctrl-C stops everything") || told) return;
      told = true;
      kill("SIGINT");
    });
    expect(output).toContain("http://127.0.0.1");
    expect(output).toContain("service scale web=10");
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(await readdir(directory)).toEqual([]);
    expect(processesOf(directory)).toEqual([]);
  }, 180_000);
});
