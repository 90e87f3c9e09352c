import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { systemClock } from "../../src/platform/clock.ts";
import { clearTasks } from "../../src/platform/embedded/clear.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { silentLogger } from "../../src/ports/log.ts";
import { eventually } from "../lab/command.ts";

const root = resolve(import.meta.dirname, "../..");
/** How long the manager may take to tell its size: longer means that it hangs. */
const answerLimitMs = 60_000;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A real manager in a process of its own, the only one of its swarm, on the embedded runtime. */
export class Target {
  readonly directory = mkdtempSync(join(tmpdir(), "shoal-fuzz-"));
  readonly socket = join(this.directory, "shoal.sock");
  /** Loopback, without port. */
  readonly address: string;
  #process: ChildProcess | undefined;

  constructor(address: string) {
    this.address = address;
  }

  /** Starts it and founds a swarm. */
  async start(): Promise<void> {
    const dataRoot = join(this.directory, "data");
    mkdirSync(dataRoot, { recursive: true });
    const flags = ["--data-root", dataRoot, "--host", `unix://${this.socket}`, "--hostname", "target"];
    const probe = join(import.meta.dirname, "probe.mjs");
    const node = ["--expose-gc", "--max-semi-space-size=32", "--import", probe, join(root, "dist/bin/shoald.js")];
    const log = openSync(this.#log, "a");
    const args = [...node, ...flags, "--runtime", "embedded", "--log-level", "error"];
    this.#process = spawn(process.execPath, args, { stdio: ["ignore", log, log, "ipc"] });
    closeSync(log);
    await eventually("the manager answers", async () => {
      if (!this.running) throw new Error(`it ended: ${this.trouble().join("\n")}`);
      return (await this.api("GET", "/_ping").catch(() => undefined))?.status === 200 || undefined;
    });
    const addresses = { ListenAddr: `${this.address}:2377`, AdvertiseAddr: this.address };
    // Snapshots often: entries of the log that are kept until the next one are no leak.
    await this.ok("POST", "/swarm/init", { ...addresses, Spec: { Raft: { SnapshotInterval: 200 } } });
  }

  get running(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  /** What it has logged as errors, and said otherwise. */
  trouble(): string[] {
    return readFileSync(this.#log, "utf8").split("\n").filter(Boolean);
  }

  /** Its size in bytes, garbage collected. */
  async size(): Promise<NodeJS.MemoryUsage> {
    const child = this.#process;
    if (!child || !this.running) throw new Error("the manager has ended");
    return new Promise((done, failed) => {
      const timer = setTimeout(() => failed(new Error("the manager hangs")), answerLimitMs);
      child.once("message", message => {
        clearTimeout(timer);
        done(message as NodeJS.MemoryUsage);
      });
      child.send("size");
    });
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child && child.exitCode === null && child.signalCode === null) {
      await new Promise(ended => {
        child.once("close", ended);
        child.kill("SIGKILL");
      });
    }
    const doors = { clock: systemClock, random: systemRandom, log: silentLogger };
    await clearTasks(join(this.directory, "data/embedded"), doors);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** One well-formed request, which must succeed; the answer's body. */
  async ok<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.api(method, path, body);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  }

  api(method: string, path: string, body?: unknown): Promise<Answer> {
    return new Promise((done, failed) => {
      const headers = body === undefined ? {} : { "Content-Type": "application/json" };
      const options = { socketPath: this.socket, method, path, headers, timeout: answerLimitMs };
      const call = request(options, async response => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        const text = Buffer.concat(chunks).toString();
        const isJson = response.headers["content-type"]?.includes("json");
        done({ status: response.statusCode ?? 0, body: isJson && text ? JSON.parse(text) : text });
      });
      call.on("timeout", () => call.destroy(new Error("no answer")));
      call.on("error", failed);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  get #log(): string {
    return join(this.directory, "shoald.log");
  }
}
