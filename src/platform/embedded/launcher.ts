import { Worker } from "node:worker_threads";
import { ordinaryPriority } from "../priority.ts";

/** A process to be started in a session of its own. */
export interface LaunchOrder {
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Files that its output is appended to. */
  readonly out: string;
  readonly err: string;
}

/** How a process that was ordered came to its end, or why it never began. */
interface Ended {
  readonly id: number;
  readonly reason: string;
}

/** Most memory of the thread, MiB; it holds nothing but what it is just told to start. */
const memory = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 };

/** What the thread runs: text, so that it is the same wherever the daemon's own code was loaded from. */
const program = `
const { closeSync, openSync } = require("node:fs");
const { spawn } = require("node:child_process");
const { setPriority } = require("node:os");
const { parentPort, workerData } = require("node:worker_threads");
parentPort.on("message", ({ id, program, args, directory, env, out, err }) => {
  const ended = reason => parentPort.postMessage({ id, reason });
  const files = [];
  try {
    // Of this thread, and of what it starts: a manager's threads go before other programs.
    setPriority(workerData.priority);
    for (const path of [out, err]) files.push(openSync(path, "a", 0o600));
    const child = spawn(program, args, { cwd: directory, env, detached: true, stdio: ["ignore", ...files] });
    child.once("error", error => ended(error.message));
    child.once("exit", code => ended("the supervisor ended with status " + code));
  } catch (error) {
    ended(error.message);
  } finally {
    for (const file of files) closeSync(file);
  }
});
`;

/**
 * Starts processes in a thread of its own. Whoever starts a process waits until it has become its program, which takes as
 * long as the machine has other things to do: some milliseconds, or some hundred where a hundred are started at once. The
 * daemon's other work goes on meanwhile. What was started outlives the thread and the daemon.
 */
export class Launcher {
  readonly #waiting = new Map<number, (reason: string) => void>();
  #worker: Worker | undefined;
  #orders = 0;

  /** `ended` is called once, when the process has ended or could not be started; never after `close`. */
  launch(order: LaunchOrder, ended: (reason: string) => void): void {
    const id = this.#orders++;
    this.#waiting.set(id, ended);
    this.#thread().postMessage({ id, ...order });
  }

  /** Ends the thread: what it has not started yet is not started any more. */
  async close(): Promise<void> {
    this.#waiting.clear();
    await this.#worker?.terminate();
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker;
    const workerData = { priority: ordinaryPriority };
    const worker = new Worker(program, { eval: true, env: {}, execArgv: [], resourceLimits: memory, workerData });
    worker.unref();
    worker.on("message", ({ id, reason }: Ended) => this.#tell(id, reason));
    let reason = "the thread that starts processes has ended";
    worker.on("error", error => {
      reason += `: ${error.message}`;
    });
    worker.on("exit", () => this.#lost(reason));
    this.#worker = worker;
    return worker;
  }

  #tell(id: number, reason: string): void {
    const ended = this.#waiting.get(id);
    this.#waiting.delete(id);
    ended?.(reason);
  }

  /** Nobody will hear from the thread again; the next launch starts another. */
  #lost(reason: string): void {
    this.#worker = undefined;
    for (const id of [...this.#waiting.keys()]) this.#tell(id, reason);
  }
}
