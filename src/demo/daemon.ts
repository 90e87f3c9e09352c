import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DockerApi } from "./docker-api.ts";
import { until } from "./waiting.ts";

/** A daemon that has not answered for so long after its start has failed, milliseconds. */
const startLimitMs = 30_000;
/** A daemon that has not ended for so long after SIGTERM is killed, milliseconds. */
const stopLimitMs = 10_000;
/** Bytes of its log shown when it fails. */
const shownLog = 2_000;

export const binaries = resolve(import.meta.dirname, "..", "..", "bin");

export interface DaemonSettings {
  readonly name: string;
  /** Where all daemons of this demo have their files. */
  readonly directory: string;
  readonly address: string;
  readonly runtime: "embedded" | "docker";
  /** Where it serves the dashboard, HOST:PORT; nowhere when undefined. */
  readonly dashboard: string | undefined;
}

/** One node: a `shoald` process of its own, as it would run on a machine of its own. */
export class Daemon {
  readonly name: string;
  readonly address: string;
  readonly api: DockerApi;
  readonly #settings: DaemonSettings;
  #process: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #problem = "";

  constructor(settings: DaemonSettings) {
    this.name = settings.name;
    this.address = settings.address;
    this.#settings = settings;
    this.api = new DockerApi(join(settings.directory, `${settings.name}.sock`));
  }

  get dashboard(): string | undefined {
    return this.#settings.dashboard;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  get dataRoot(): string {
    return join(this.#settings.directory, this.name);
  }

  /** Starts it; resolves when it answers. */
  async start(signal: AbortSignal): Promise<void> {
    const { runtime, dashboard } = this.#settings;
    const log = openSync(this.#log, "a");
    const host = `unix://${this.api.socket}`;
    const flags = ["--data-root", this.dataRoot, "--host", host, "--hostname", this.name, "--runtime", runtime];
    if (dashboard) flags.push("--dashboard-addr", dashboard);
    // A session of its own: Ctrl-C in the terminal is the demo's to answer, in the right order.
    const child = spawn(process.execPath, [join(binaries, "shoald"), ...flags], {
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.#process = child;
    this.#ended = new Promise(done => {
      child.once("error", error => {
        this.#problem = error.message;
        done();
      });
      child.once("exit", (code, by) => {
        this.#problem = `it ended with ${by ?? `status ${code}`}`;
        this.#process = undefined;
        done();
      });
    });
    await Promise.race([
      until(`shoald of ${this.name}`, startLimitMs, signal, async () => (await this.api.get("/_ping")) ?? true),
      this.#ended.then(async () => {
        throw new Error(`Cannot start ${this.name}: ${this.#problem}\n${await this.#lastLog()}`);
      }),
    ]);
  }

  /** Stops it, at once with `now`. Its tasks are none of its business any more. */
  async stop(now = false): Promise<void> {
    const child = this.#process;
    if (!child) return;
    child.kill(now ? "SIGKILL" : "SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
    await this.#ended;
    clearTimeout(timer);
  }

  get #log(): string {
    return join(this.#settings.directory, `${this.name}.log`);
  }

  async #lastLog(): Promise<string> {
    return (await readFile(this.#log, "utf8").catch(() => "")).slice(-shownLog);
  }
}
