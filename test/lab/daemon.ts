import { spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { systemClock } from "../../src/platform/clock.ts";
import { clearTasks } from "../../src/platform/embedded/clear.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { silentLogger } from "../../src/ports/log.ts";
import { eventually } from "./command.ts";
import { DockerClient } from "./docker-client.ts";
import { HostProcess, type Namespace } from "./namespace.ts";

const builtHere = resolve(import.meta.dirname, "../../bin/shoald");

export interface DaemonOptions {
  /** Where it listens and publishes: a loopback address of its own, or its host's. */
  readonly address: string;
  readonly hostname: string;
  readonly flags?: readonly string[];
  /** The `shoald` to start; the one built here without it. */
  readonly program?: string;
  /** The host to run in; this machine itself without one. */
  readonly namespace?: Namespace;
}

/** One real `shoald` process with a data root of its own, and ways to talk to it. */
export class Daemon extends DockerClient {
  readonly directory: string;
  readonly options: DaemonOptions;
  #process: HostProcess | undefined;

  constructor(options: DaemonOptions) {
    const directory = mkdtempSync(join(tmpdir(), "shoal-test-"));
    super(join(directory, "shoal.sock"), join(directory, "cli"));
    this.directory = directory;
    this.options = options;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Starts the process; resolves when it answers. */
  async start(): Promise<void> {
    const { flags = [], hostname, namespace, program = builtHere } = this.options;
    const dataRoot = join(this.directory, "data");
    mkdirSync(dataRoot, { recursive: true });
    const own = ["--data-root", dataRoot, "--host", `unix://${this.socket}`, "--hostname", hostname, ...flags];
    const argv = [program, ...own];
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
}

function spawnHere([program = "", ...args]: readonly string[], logFile: string): HostProcess {
  const log = openSync(logFile, "a");
  const child = spawn(program, args, { stdio: ["ignore", log, log] });
  closeSync(log);
  return new HostProcess(child, child.pid ?? 0, logFile);
}
