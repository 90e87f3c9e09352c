import { spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { systemClock } from "../../src/platform/clock.ts";
import { clearTasks } from "../../src/platform/embedded/clear.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { silentLogger } from "../../src/ports/log.ts";
import { type CommandResult, eventually, tryCommand } from "./command.ts";
import { HostProcess, type Namespace } from "./namespace.ts";

const shoald = resolve(import.meta.dirname, "../../bin/shoald");

export interface DaemonOptions {
  /** Where it listens and publishes: a loopback address of its own, or its host's. */
  readonly address: string;
  readonly hostname: string;
  readonly flags?: readonly string[];
  /** The host to run in; this machine itself without one. */
  readonly namespace?: Namespace;
}

/** How long a docker command may take, in milliseconds. */
const cliTimeoutMs = 120_000;

/** One real `shoald` process with a data root of its own, and ways to talk to it. */
export class Daemon {
  readonly directory = mkdtempSync(join(tmpdir(), "shoal-test-"));
  readonly socket = join(this.directory, "shoal.sock");
  readonly options: DaemonOptions;
  #process: HostProcess | undefined;

  constructor(options: DaemonOptions) {
    this.options = options;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Starts the process; resolves when it answers. */
  async start(): Promise<void> {
    const { flags = [], hostname, namespace } = this.options;
    const dataRoot = join(this.directory, "data");
    mkdirSync(dataRoot, { recursive: true });
    const own = ["--data-root", dataRoot, "--host", `unix://${this.socket}`, "--hostname", hostname, ...flags];
    const argv = [shoald, ...own];
    const log = join(this.directory, "shoald.log");
    const daemon = namespace ? await namespace.spawn(argv, log) : spawnHere(argv, log);
    this.#process = daemon;
    await eventually(`${hostname} answers`, async () => {
      if (!daemon.running) throw new Error(`shoald of ${hostname} ended: ${daemon.logTail()}`);
      const answer = await this.api("GET", "/_ping").catch(() => undefined);
      return answer?.status === 200 ? true : undefined;
    });
  }

  /** Ends the process with `signal` and waits until it is gone. Its tasks go on. */
  async end(signal: "SIGTERM" | "SIGKILL" | "SIGINT" = "SIGTERM"): Promise<void> {
    const daemon = this.#process;
    this.#process = undefined;
    await daemon?.end(signal);
  }

  /** Leaves the swarm (which ends its tasks), ends the process and removes its files. */
  async dispose(): Promise<void> {
    if (this.pid) await this.api("POST", "/swarm/leave?force=1").catch(() => undefined);
    await this.end();
    // What a daemon that was killed has left running.
    const doors = { clock: systemClock, random: systemRandom, log: silentLogger };
    await clearTasks(join(this.directory, "data/embedded"), doors);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Runs the stock docker CLI against this daemon. */
  docker(...args: string[]): Promise<CommandResult> {
    return this.dockerWith("", ...args);
  }

  /** The same, with something to read on its standard input. */
  dockerWith(input: string, ...args: string[]): Promise<CommandResult> {
    return tryCommand(["docker", ...args], { env: this.#cliEnv(), input, timeoutMs: cliTimeoutMs });
  }

  /** Starts a docker command that goes on, like `events`; gives what stops it and tells what it wrote. */
  dockerUntil(...args: string[]): { readonly said: () => string; readonly stop: () => Promise<void> } {
    let said = "";
    const child = spawn("docker", args, {
      env: { ...process.env, ...this.#cliEnv() },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = new Promise<void>(resolve => child.once("close", () => resolve()));
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
    const stop = async (): Promise<void> => {
      child.kill("SIGTERM");
      await ended;
    };
    return { said: () => said, stop };
  }

  #cliEnv(): Record<string, string> {
    return { DOCKER_HOST: `unix://${this.socket}`, DOCKER_CONFIG: join(this.directory, "cli") };
  }

  /** `docker`, which must succeed; its trimmed standard output. */
  async dockerOk(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.docker(...args);
    if (code !== 0) throw new Error(`docker ${args.join(" ")}: exit ${code}: ${stderr || stdout}`);
    return stdout.trim();
  }

  /** `api`, which must succeed; the body of its answer. */
  async apiOk(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.api(method, path, body);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** One request to the API over its socket. */
  api(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    return new Promise((done, failed) => {
      const headers = body === undefined ? {} : { "Content-Type": "application/json" };
      const call = request({ socketPath: this.socket, method, path, headers }, response => {
        const chunks: Buffer[] = [];
        response.on("data", chunk => chunks.push(chunk));
        response.on("error", failed);
        response.on("end", () => done({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks)) }));
      });
      call.on("error", failed);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function spawnHere([program = "", ...args]: readonly string[], logFile: string): HostProcess {
  const log = openSync(logFile, "a");
  const child = spawn(program, args, { stdio: ["ignore", log, log] });
  closeSync(log);
  return new HostProcess(child, child.pid ?? 0, logFile);
}

function parsed(bytes: Buffer): unknown {
  const text = bytes.toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
